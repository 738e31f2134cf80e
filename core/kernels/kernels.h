/* What all kernels share. A kernel releases the interpreter's lock while it works. It writes only into arrays of the
   caller, after it has checked their sizes. */
#ifndef LOGCORR_KERNELS_H
#define LOGCORR_KERNELS_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The version that logcorr/compute/kernels.py asks for. It is raised whenever the arguments or results of a kernel
   change. */
#define KERNELS_VERSION 11

PyObject *count_keys(PyObject *module, PyObject *args);
PyObject *count_users(PyObject *module, PyObject *args);
PyObject *cut_attributes(PyObject *module, PyObject *args);
PyObject *cut_csv(PyObject *module, PyObject *args);
PyObject *cut_durations(PyObject *module, PyObject *args);
PyObject *cut_edges(PyObject *module, PyObject *args);
PyObject *cut_equals(PyObject *module, PyObject *args);
PyObject *cut_json(PyObject *module, PyObject *args);
PyObject *cut_logfmt(PyObject *module, PyObject *args);
PyObject *cut_numbers(PyObject *module, PyObject *args);
PyObject *cut_pattern(PyObject *module, PyObject *args);
PyObject *cut_status(PyObject *module, PyObject *args);
PyObject *cut_texts(PyObject *module, PyObject *args);
PyObject *cut_times(PyObject *module, PyObject *args);
PyObject *duration_bins(PyObject *module, PyObject *args);
PyObject *line_count(PyObject *module, PyObject *args);
PyObject *line_hashes(PyObject *module, PyObject *args);
PyObject *line_spans(PyObject *module, PyObject *args);
PyObject *match(PyObject *module, PyObject *args);
PyObject *move_keys(PyObject *module, PyObject *args);
PyObject *move_slots(PyObject *module, PyObject *args);
PyObject *name_users(PyObject *module, PyObject *args);
PyObject *ndjson(PyObject *module, PyObject *args);
PyObject *pair_lines(PyObject *module, PyObject *args);
PyObject *text_codes(PyObject *module, PyObject *args);

static inline uint64_t eight_bytes(const uint8_t *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* Whether an array holds `count` items of `bytes` bytes, and is aligned for numbers of this size (8 bytes at most). */
static inline bool holds(const Py_buffer *array, Py_ssize_t count, Py_ssize_t bytes) {
    uintptr_t number = bytes < 8 ? (uintptr_t)bytes : 8;
    return array->len / bytes >= count && (!array->len || (uintptr_t)array->buf % number == 0);
}

#endif
