/* A chunk -> where its lines are; and lines of cells with a separator between them -> the texts of wanted columns. */

#include "cut.h"

enum { UNWANTED = -1, NO_QUOTE = -1 };

/* `slots` has the slot of each column up to the last that is wanted, or UNWANTED. */
typedef struct {
    const int32_t *slots;
    Py_ssize_t columns;
    int separator, quote;
    Cells *cells;
    const uint8_t *text;
} Reader;

static inline const uint8_t *next_byte(const uint8_t *at, const uint8_t *end, int byte) {
    const uint8_t *found = at < end ? memchr(at, byte, (size_t)(end - at)) : NULL;
    return found ? found : end;
}

/* The end of a cell whose first quote is before `at`: its last quote, or NULL if there is none. */
static const uint8_t *quoted_end(const Reader *reader, const uint8_t *at, const uint8_t *end, int *type) {
    *type = STRING;
    for (;; at += 2) {
        at = next_byte(at, end, reader->quote);
        if (at == end) return NULL;
        if (end - at == 1 || at[1] != reader->quote) break;
        *type = DOUBLED;
    }
    return end - at == 1 || at[1] == reader->separator ? at : NULL;
}

static inline void give(const Reader *reader, Py_ssize_t row, Py_ssize_t column, const uint8_t *begin,
                        const uint8_t *end, int type) {
    if (column < reader->columns && reader->slots[column] != UNWANTED)
        set_cell(reader->cells, reader->text, row, reader->slots[column], begin, end, type);
}

/* Whether there are no tabs, and each blank stands alone between others: several blanks may be one separator. */
static bool single_blanks(const uint8_t *at, const uint8_t *end) {
    bool after_blank = true;
    for (; at < end; at++) {
        bool blank = *at == ' ';
        if ((blank && after_blank) || *at == '\t') return false;
        after_blank = blank;
    }
    return !after_blank;
}

/* Cuts a line, and gives the number of its cells; 0 if it is not sure. */
static int32_t read_line(const Reader *reader, Py_ssize_t row, const uint8_t *at, const uint8_t *end) {
    bool quotes = reader->quote != NO_QUOTE && has_byte(at, end, reader->quote);
    if (reader->separator == ' ' && !single_blanks(at, end)) return 0;
    clear_row(reader->cells, row);
    for (int32_t column = 0;; column++, at++) {
        const uint8_t *begin = at, *last;
        int type = BARE;
        if (quotes && at < end && *at == reader->quote) {
            last = quoted_end(reader, ++begin, end, &type);
            if (!last) return 0;
            at = last + 1;
        } else {
            at = last = next_byte(at, end, reader->separator);
            if (quotes && has_byte(begin, last, reader->quote)) return 0;
        }
        give(reader, row, column, begin, last, type);
        if (at == end) return column + 1;
    }
}

static bool only_blanks(const uint8_t *at, const uint8_t *end) { return skip_blanks(at, end) == end; }

static const char *read_lines(Reader *reader, const Spans *spans, int32_t *counts) {
    bool escapes = has_byte(spans->text, spans->text_end, ESCAPE_BYTE);
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        int state = only_blanks(begin, end) ? BLANK : escapes && has_byte(begin, end, ESCAPE_BYTE) ? UNSURE : SURE;
        counts[row] = state == SURE ? read_line(reader, row, begin, end) : 0;
        set_state(reader->cells, row, state == SURE && !counts[row] ? UNSURE : state);
    }
    return NULL;
}

enum { TEXT, BEGIN, END, COLUMNS, CELL_BEGIN, CELL_END, CELL_TYPE, STATE, COUNTS, BUFFERS };

static bool sound_columns(const Py_buffer *columns, Py_ssize_t slots) {
    const int32_t *slot = columns->buf;
    if (!holds(columns, 0, 4) || slots < 0 || slots > MOST_SLOTS) return false;
    for (Py_ssize_t each = 0; each < columns->len / 4; each++)
        if (slot[each] < UNWANTED || slot[each] >= slots) return false;
    return true;
}

/* (text, begin, end, slots of the columns, slot count, separator, quote or -1, five arrays to write): see
   logcorr/formats/cut_kernel.py. */
PyObject *cut_csv(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Py_ssize_t slots;
    int separator, quote;
    Spans spans;
    Cells cells;
    if (!PyArg_ParseTuple(args, "y*y*y*y*niiw*w*w*w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[COLUMNS], &slots,
                          &separator, &quote, &of[CELL_BEGIN], &of[CELL_END], &of[CELL_TYPE], &of[STATE], &of[COUNTS]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    bool marks = separator >= 0 && separator < 0x80 && quote >= NO_QUOTE && quote < 0x80 && quote != separator;
    if (!fault && (!marks || !sound_columns(&of[COLUMNS], slots))) fault = "no list of columns";
    if (!fault && (!holds(&of[COUNTS], spans.rows, 4) ||
                   !read_cells(&cells, spans.rows, slots, &of[CELL_BEGIN], &of[CELL_END], &of[CELL_TYPE], &of[STATE])))
        fault = CUT_SHORT;
    if (!fault) {
        Reader reader = {.slots = of[COLUMNS].buf,
                         .columns = of[COLUMNS].len / 4,
                         .separator = separator,
                         .quote = quote,
                         .cells = &cells,
                         .text = spans.text};
        Py_BEGIN_ALLOW_THREADS;
        fault = read_lines(&reader, &spans, of[COUNTS].buf);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS, fault);
}

/* (text, begin, end): writes where each line begins and ends, without LF and CR. The last line may lack its LF. Gives
   the number of lines. */
PyObject *line_spans(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[3] = {{0}};
    if (!PyArg_ParseTuple(args, "y*w*w*", &of[0], &of[1], &of[2])) return NULL;
    const uint8_t *text = of[0].buf, *text_end = text + of[0].len;
    int32_t *begin = of[1].buf, *end = of[2].buf;
    Py_ssize_t rows = 0, most = of[1].len / 4;
    const char *fault = of[0].len > INT32_MAX || !holds(&of[1], 0, 4) || !holds(&of[2], most, 4) ? CUT_SHORT : NULL;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        for (const uint8_t *line = text, *newline; line < text_end && !fault; line = newline + 1) {
            newline = next_byte(line, text_end, '\n');
            if (rows == most) {
                fault = CUT_SHORT;
                break;
            }
            begin[rows] = (int32_t)(line - text);
            end[rows++] = (int32_t)(newline - text) - (newline > line && newline[-1] == '\r');
            if (newline == text_end) break;
        }
        Py_END_ALLOW_THREADS;
    }
    PyObject *none = done(of, 3, fault);
    Py_XDECREF(none);
    return none ? PyLong_FromSsize_t(rows) : NULL;
}
