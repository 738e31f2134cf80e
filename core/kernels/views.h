/* An Arrow column of text: views of 16 bytes. A view holds a short text, or points to a longer text in a buffer. */
#ifndef LOGCORR_VIEWS_H
#define LOGCORR_VIEWS_H

#include "kernels.h"

enum { VIEW_BYTES = 16, INLINE_BYTES = 12 };

/* The text of a view: in the view itself, or in a buffer of the column; NULL if the buffer does not hold it. */
static inline const uint8_t *text_of(const uint8_t *view, const Py_buffer *texts, Py_ssize_t text_count,
                                     Py_ssize_t *bytes) {
    int32_t length, buffer, begin;
    memcpy(&length, view, 4);
    *bytes = length;
    if (length >= 0 && length <= INLINE_BYTES) return view + 4;
    memcpy(&buffer, view + 8, 4);
    memcpy(&begin, view + 12, 4);
    if (length < 0 || begin < 0 || buffer < 0 || buffer >= text_count) return NULL;
    const Py_buffer *text = &texts[buffer];
    if (begin > text->len || length > text->len - begin) return NULL;
    return (const uint8_t *)text->buf + begin;
}

static inline bool is_present(const uint8_t *bits, Py_ssize_t row) { return !bits || bits[row / 8] >> row % 8 & 1; }

/* Whether there is a bit for each row, or no bits at all because every row is present. */
static inline bool has_bits(const Py_buffer *present, Py_ssize_t rows) {
    return !present->buf || present->len >= rows / 8 + (rows % 8 != 0);
}

static inline void release_texts(Py_buffer *texts, Py_ssize_t count) {
    for (Py_ssize_t each = 0; each < count; each++) PyBuffer_Release(&texts[each]);
    PyMem_Free(texts);
}

/* The buffers of a tuple; NULL with an error set if an item is no buffer. */
static inline Py_buffer *read_texts(PyObject *given, Py_ssize_t *count) {
    Py_ssize_t all = PyTuple_Size(given);
    Py_buffer *texts = PyMem_Calloc(all ? (size_t)all : 1, sizeof *texts);
    if (!texts) return PyErr_NoMemory(), NULL;
    for (*count = 0; *count < all; (*count)++) {
        if (PyObject_GetBuffer(PyTuple_GetItem(given, *count), &texts[*count], PyBUF_SIMPLE)) {
            release_texts(texts, *count);
            return NULL;
        }
    }
    return texts;
}

#endif
