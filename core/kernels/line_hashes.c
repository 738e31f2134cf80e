/* A number for each line that is the same for equal lines. It lives within one run. */

#include "cut.h"

enum { TEXT, BEGIN, END, HASHES, BUFFERS };

static const uint64_t FACTOR = 0x9e3779b97f4a7c15;

static inline uint64_t mixed(uint64_t state, uint64_t word) {
    state = (state ^ word) * FACTOR;
    return state ^ state >> 29;
}

static const char *hash_lines(const Spans *spans, uint32_t *hashes) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *at, *end;
        if (!row_bounds(spans, row, &at, &end)) return CUT_OUTSIDE;
        uint64_t state = (uint64_t)(end - at), last = 0;
        for (; end - at >= 8; at += 8) state = mixed(state, eight_bytes(at));
        memcpy(&last, at, (size_t)(end - at));
        hashes[row] = (uint32_t)(mixed(mixed(state, last), FACTOR) >> 32);
    }
    return NULL;
}

/* (text, begin, end, hashes as uint32): a hash of the bytes of each span. */
PyObject *line_hashes(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    if (!PyArg_ParseTuple(args, "y*y*y*w*", &of[TEXT], &of[BEGIN], &of[END], &of[HASHES])) return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && !holds(&of[HASHES], spans.rows, 4)) fault = CUT_SHORT;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = hash_lines(&spans, of[HASHES].buf);
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < BUFFERS; each++) PyBuffer_Release(&of[each]);
    if (fault) return PyErr_SetString(PyExc_ValueError, fault), NULL;
    Py_RETURN_NONE;
}
