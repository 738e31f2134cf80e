/* What the ends and the length of a text say at once: that it has no blank at an end, and that it is no short word. */

#include "cut.h"

enum { BLANK_END = 1, SHORT = 2, TINY = 4 };

enum { TEXT, BEGIN, END, TYPE, FLAGS, BUFFERS };

/* Texts with escapes count as having blanks at their ends: they may begin with an escaped one. */
static const char *flag(const Spans *spans, const uint8_t *type, int most_bytes, uint8_t *flags, int *all) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        int told = 0;
        if (type[row] >= HELD) {
            bool blank = end > begin && (*begin <= ' ' || end[-1] <= ' ');
            told = (blank || type[row] == ESCAPED ? BLANK_END : 0) | (end - begin <= most_bytes ? SHORT : 0) |
                   (end - begin <= 1 ? TINY : 0);
        }
        flags[row] = (uint8_t)told;
        *all |= told;
    }
    return NULL;
}

/* (text, begin, end, type, most bytes of a short text, flags as uint8): the flags of each cell. Gives all of them. */
PyObject *cut_edges(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    int most_bytes, all = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*iw*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &most_bytes, &of[FLAGS]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && !(holds(&of[TYPE], spans.rows, 1) && holds(&of[FLAGS], spans.rows, 1))) fault = CUT_SHORT;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = flag(&spans, of[TYPE].buf, most_bytes, of[FLAGS].buf, &all);
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < BUFFERS; each++) PyBuffer_Release(&of[each]);
    if (fault) return PyErr_SetString(PyExc_ValueError, fault), NULL;
    return PyLong_FromLong(all);
}
