/* What all kernels share that cut lines into fields: spans of lines, the cells of each line, and quick searches.

   A cell is the text of a field in a line: where it begins and ends in the chunk, and its type. */
#ifndef LOGCORR_CUT_H
#define LOGCORR_CUT_H

#include "kernels.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* What a cell holds. ESCAPED is a text with backslashes, DOUBLED a text with doubled quotes, BARE a text that has no
   quotes in a syntax that has them. Only cells from HELD on have a text. */
enum { MISSING, NONE, STRING, ESCAPED, NUMBER, BOOLEAN, OBJECT, ARRAY, BARE, DOUBLED, TYPES, HELD = STRING };

/* What became of a line. Only a line that is SURE has cells. */
enum { SURE, UNSURE, OTHER, BLANK };

/* No byte below FIRST_WIDE_SPACE begins white space that is not ASCII. */
enum { ESCAPE_BYTE = 0x1b, FIRST_WIDE_SPACE = 0xc2, MOST_SLOTS = 64 };

/* The lines, or any other spans of the text, and the bounds of the whole text. */
typedef struct {
    const uint8_t *text, *text_end;
    const int32_t *begin, *end;
    Py_ssize_t rows;
} Spans;

/* The cells: `begin`, `end` and `type` hold all rows of slot 0, then those of slot 1, and so on. */
typedef struct {
    Py_ssize_t rows, slots;
    int32_t *begin, *end;
    uint8_t *type, *state;
} Cells;

static const char *const CUT_SHORT = "the arrays are too short for the lines";
static const char *const CUT_OUTSIDE = "a span lies outside of the text";

/* The bounds of a row. False if they do not lie in the text. */
static inline bool row_bounds(const Spans *spans, Py_ssize_t row, const uint8_t **begin, const uint8_t **end) {
    int64_t first = spans->begin[row], last = spans->end[row];
    if (first < 0 || last < first || last > spans->text_end - spans->text) return false;
    *begin = spans->text + first;
    *end = spans->text + last;
    return true;
}

/* Reads the text and the two arrays of its spans. Gives what is wrong with them, or NULL. */
static inline const char *read_spans(Spans *spans, const Py_buffer *text, const Py_buffer *begin, const Py_buffer *end) {
    if (text->len > INT32_MAX) return "the text is over 2 GiB";
    if (!holds(begin, 0, 4) || !holds(end, begin->len / 4, 4)) return CUT_SHORT;
    *spans = (Spans){.text = text->buf,
                     .text_end = (const uint8_t *)text->buf + text->len,
                     .begin = begin->buf,
                     .end = end->buf,
                     .rows = begin->len / 4};
    return NULL;
}

/* Whether the arrays of the cells are long enough. */
static inline bool read_cells(Cells *cells, Py_ssize_t rows, Py_ssize_t slots, const Py_buffer *begin,
                              const Py_buffer *end, const Py_buffer *type, const Py_buffer *state) {
    *cells = (Cells){.rows = rows,
                     .slots = slots,
                     .begin = begin->buf,
                     .end = end->buf,
                     .type = type->buf,
                     .state = state->buf};
    return holds(begin, rows * slots, 4) && holds(end, rows * slots, 4) && holds(type, rows * slots, 1) &&
           holds(state, rows, 1);
}

static inline void clear_row(Cells *cells, Py_ssize_t row) {
    for (Py_ssize_t at = row; at < cells->slots * cells->rows; at += cells->rows) {
        cells->type[at] = MISSING;
        cells->begin[at] = cells->end[at] = 0;
    }
}

static inline void set_cell(Cells *cells, const uint8_t *text, Py_ssize_t row, Py_ssize_t slot, const uint8_t *begin,
                            const uint8_t *end, int type) {
    Py_ssize_t at = slot * cells->rows + row;
    cells->begin[at] = (int32_t)(begin - text);
    cells->end[at] = (int32_t)(end - text);
    cells->type[at] = (uint8_t)type;
}

/* Ends a row: a row that is not sure has no cells. */
static inline void set_state(Cells *cells, Py_ssize_t row, int state) {
    cells->state[row] = (uint8_t)state;
    if (state != SURE) clear_row(cells, row);
}

static inline bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

static inline const uint8_t *skip_blanks(const uint8_t *at, const uint8_t *end) {
    while (at < end && is_blank(*at)) at++;
    return at;
}

/* Whether two texts are equal. Most are short, so that a call of memcmp would cost more. */
static inline bool same_bytes(const uint8_t *one, const uint8_t *other, Py_ssize_t bytes) {
    while (bytes >= 8) {
        if (eight_bytes(one) != eight_bytes(other)) return false;
        one += 8;
        other += 8;
        bytes -= 8;
    }
    for (; bytes; bytes--)
        if (*one++ != *other++) return false;
    return true;
}

/* Not 0 if one of eight bytes is a control character, this quote or a backslash. */
static inline uint64_t ends_string(uint64_t word, uint8_t quote) {
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    uint64_t quotes = word ^ ones * quote, backslashes = word ^ ones * '\\';
    return (((word - ones * ' ') & ~word) | ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes)) & high;
}

/* The first control character, quote or backslash, or the end. It may look at bytes up to `text_end`. */
static inline const uint8_t *string_end(const uint8_t *at, const uint8_t *end, const uint8_t *text_end,
                                        uint8_t quote) {
#if defined(__SSE2__) && defined(__GNUC__)
    const __m128i quotes = _mm_set1_epi8((char)quote), backslashes = _mm_set1_epi8('\\');
    const __m128i controls = _mm_set1_epi8(0x1f);
    for (; text_end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)at);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, backslashes));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(_mm_min_epu8(bytes, controls), bytes));
        int mask = _mm_movemask_epi8(found);
        if (mask) {
            at += __builtin_ctz((unsigned)mask);
            return at < end ? at : end;
        }
        if (end - at <= 16) return end;
    }
#endif
    while (text_end - at >= 8 && end - at >= 8 && !ends_string(eight_bytes(at), quote)) at += 8;
    while (at < end && *at >= ' ' && *at != quote && *at != '\\') at++;
    return at;
}

/* Whether a character that is not ASCII is white space. */
static inline bool is_wide_space(const uint8_t *at, Py_ssize_t bytes) {
    if (bytes == 2) return at[0] == 0xc2 && (at[1] == 0x85 || at[1] == 0xa0);
    if (bytes != 3) return false;
    if (at[0] == 0xe1) return at[1] == 0x9a && at[2] == 0x80;
    if (at[0] == 0xe3) return at[1] == 0x80 && at[2] == 0x80;
    if (at[0] != 0xe2) return false;
    if (at[1] == 0x81) return at[2] == 0x9f;
    return at[1] == 0x80 && (at[2] <= 0x8a || at[2] == 0xa8 || at[2] == 0xa9 || at[2] == 0xaf);
}

static inline bool has_byte(const uint8_t *begin, const uint8_t *end, int byte) {
    return begin < end && memchr(begin, byte, (size_t)(end - begin)) != NULL;
}

/* Releases the buffers, and gives None or raises ValueError for a fault. */
static inline PyObject *done(Py_buffer *buffers, int count, const char *fault) {
    for (int each = 0; each < count; each++) PyBuffer_Release(&buffers[each]);
    if (fault) {
        PyErr_SetString(PyExc_ValueError, fault);
        return NULL;
    }
    return Py_NewRef(Py_None);
}

#endif
