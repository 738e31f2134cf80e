/* Cells -> an Arrow column of text: the texts behind each other, and where each ends. Escapes are decoded. */

#include "cut_escapes.h"

enum { STRIDE = 16 };

/* The types whose bits are in `nulls` become null. `quote` is the one that is doubled in DOUBLED texts. */
typedef struct {
    const uint8_t *type;
    unsigned nulls;
    int quote;
    uint8_t *texts, *present;
    int64_t *ends;
    Py_ssize_t room, bytes, null_count;
} Column;

static inline bool is_null(const Column *column, Py_ssize_t row) {
    return column->type[row] >= TYPES || column->nulls >> column->type[row] & 1;
}

/* Gives the position after the decoded text, which is never longer than the text with its escapes. */
static uint8_t *decode(const Column *column, int type, const uint8_t *at, const uint8_t *end, uint8_t *to) {
    while (at < end) {
        if (type == ESCAPED && *at == '\\') {
            at = decode_escape(at, end, &to);
        } else {
            at += type == DOUBLED && *at == column->quote && end - at > 1 && at[1] == column->quote;
            *to++ = *at++;
        }
    }
    return to;
}

/* Copies as memcpy does, but without a call for a short text, of which more bytes than its own may be copied. */
static inline void copy(uint8_t *to, Py_ssize_t room, const uint8_t *from, Py_ssize_t bytes, const uint8_t *text_end) {
    if (bytes <= STRIDE && room >= STRIDE && text_end - from >= STRIDE) memcpy(to, from, STRIDE);
    else if (bytes) memcpy(to, from, (size_t)bytes);
}

static const char *add_rows(Column *column, const Spans *spans) {
    memset(column->present, 0xff, (size_t)(spans->rows + 7) / 8);
    column->ends[0] = 0;
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        uint8_t *to = column->texts + column->bytes;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        int type = column->type[row];
        Py_ssize_t room = column->room - column->bytes;
        if (is_null(column, row)) {
            column->present[row / 8] &= (uint8_t) ~(1u << row % 8);
            column->null_count++;
        } else if (end - begin > room) {
            return CUT_SHORT;
        } else if (type == ESCAPED || type == DOUBLED) {
            column->bytes += decode(column, type, begin, end, to) - to;
        } else {
            copy(to, room, begin, end - begin, spans->text_end);
            column->bytes += end - begin;
        }
        column->ends[row + 1] = column->bytes;
    }
    return NULL;
}

enum { TEXT, BEGIN, END, TYPE, TEXTS, ENDS, PRESENT, BUFFERS };

/* (text, begin, end, type, bits of the types that are null, quote, texts, ends, present): writes the last three. Gives
   the bytes of texts and the number of nulls. */
PyObject *cut_texts(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    unsigned nulls;
    int quote;
    if (!PyArg_ParseTuple(args, "y*y*y*y*Iiw*w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &nulls, &quote,
                          &of[TEXTS], &of[ENDS], &of[PRESENT]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    Column column = {.type = of[TYPE].buf,
                     .nulls = nulls,
                     .quote = quote,
                     .texts = of[TEXTS].buf,
                     .ends = of[ENDS].buf,
                     .present = of[PRESENT].buf,
                     .room = of[TEXTS].len};
    if (!fault && (!holds(&of[TYPE], spans.rows, 1) || !holds(&of[ENDS], spans.rows + 1, 8) ||
                   !holds(&of[PRESENT], (spans.rows + 7) / 8, 1)))
        fault = CUT_SHORT;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = add_rows(&column, &spans);
        Py_END_ALLOW_THREADS;
    }
    PyObject *none = done(of, BUFFERS, fault);
    Py_XDECREF(none);
    return none ? Py_BuildValue("nn", column.bytes, column.null_count) : NULL;
}
