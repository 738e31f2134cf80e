/* Lines of pairs "key=value" -> the texts of wanted keys. Values are bare, or in double or single quotes.

   A line is sure if every reader of such lines would read it alike. Tokens without "=" are passed over. */

#include "cut.h"

enum { MOST_PLACES = 64, UNWANTED = -1 };

/* A key that stood at some place of a line, and its slot or UNWANTED. */
typedef struct {
    const uint8_t *text;
    Py_ssize_t bytes;
    int slot;
} Place;

/* The wanted keys stand in `keys`, each from the end of the one before to its own end. */
typedef struct {
    const uint8_t *keys;
    const int32_t *ends;
    Cells *cells;
    const uint8_t *text, *text_end;
    Place places[MOST_PLACES]; /* the keys of the lines before: most lines have the same keys in the same order */
} Reader;

static inline bool is_space(uint8_t byte) { return byte == ' ' || byte == '\t'; }

static int slot_of(const Reader *reader, const uint8_t *key, Py_ssize_t bytes) {
    int32_t begin = 0;
    for (int slot = 0; slot < reader->cells->slots; begin = reader->ends[slot++])
        if (reader->ends[slot] - begin == bytes && !memcmp(reader->keys + begin, key, (size_t)bytes)) return slot;
    return UNWANTED;
}

/* The end of a key or a bare value: a blank, a quote, `mark`, or what is not known: a control character or white space
   that is not ASCII. */
static inline const uint8_t *bare_end(const uint8_t *at, const uint8_t *end, uint8_t mark) {
    for (; at < end && *at > ' ' && *at != '"' && *at != '\'' && *at != mark; at++)
        if (*at >= FIRST_WIDE_SPACE && (is_wide_space(at, 2) || (end - at > 2 && is_wide_space(at, 3)))) return at;
    return at;
}

/* Finds the end of the key at `at`, and its slot. `number` is the number of the token in the line. */
static inline const uint8_t *read_key(Reader *reader, const uint8_t *at, const uint8_t *end, int number, int *slot) {
    Place *place = &reader->places[number < MOST_PLACES ? number : MOST_PLACES - 1];
    if (place->bytes && end - at > place->bytes && at[place->bytes] == '=' &&
        same_bytes(at, place->text, place->bytes)) {
        *slot = place->slot;
        return at + place->bytes;
    }
    const uint8_t *after = bare_end(at, end, '=');
    *slot = slot_of(reader, at, after - at);
    if (after < end && *after == '=') *place = (Place){.text = at, .bytes = after - at, .slot = *slot};
    return after;
}

/* The end of a text in quotes, or NULL. `at` is after the first quote. Of escapes, those are known that Go and Python
   write alike. */
static const uint8_t *quoted_end(const Reader *reader, const uint8_t *at, const uint8_t *end, uint8_t quote,
                                 int *type) {
    *type = STRING;
    for (;;) {
        at = string_end(at, end, reader->text_end, quote);
        if (at == end || (*at != quote && *at != '\\')) return NULL;
        if (*at == quote) return at;
        *type = ESCAPED;
        if (end - at < 2 || !at[1] || !strchr("\"'\\nrt", at[1])) return NULL;
        at += 2;
    }
}

/* The end of a bare value, or NULL if it holds quotes or begins with a bracket: it may hold blanks then. */
static const uint8_t *value_end(const uint8_t *at, const uint8_t *end, int *type) {
    const uint8_t *begin = at;
    if (at < end && *at && strchr("{[(<", *at)) return NULL;
    at = bare_end(at, end, ' ');
    Py_ssize_t bytes = at - begin;
    bool none = (bytes == 4 && (!memcmp(begin, "null", 4) || !memcmp(begin, "None", 4))) ||
                (bytes == 3 && !memcmp(begin, "nil", 3));
    *type = none ? NONE : BARE;
    return at == end || is_space(*at) ? at : NULL;
}

/* Gives a value to a slot. False if the slot has another value already. */
static bool give(Reader *reader, Py_ssize_t row, int slot, const uint8_t *begin, const uint8_t *end, int type) {
    Cells *cells = reader->cells;
    Py_ssize_t at = slot * cells->rows + row;
    if (cells->type[at] != MISSING)
        return cells->type[at] == type && cells->end[at] - cells->begin[at] == end - begin &&
               !memcmp(reader->text + cells->begin[at], begin, (size_t)(end - begin));
    set_cell(cells, reader->text, row, slot, begin, end, type);
    return true;
}

static int read_line(Reader *reader, Py_ssize_t row, const uint8_t *at, const uint8_t *end) {
    clear_row(reader->cells, row);
    for (int number = 0;; number++) {
        while (at < end && is_space(*at)) at++;
        if (at == end) return number ? SURE : BLANK;
        int slot, type = BARE;
        const uint8_t *key = at;
        at = read_key(reader, at, end, number, &slot);
        if (at == end || is_space(*at)) {
            if (slot != UNWANTED) return UNSURE;
            continue;
        }
        if (*at != '=' || at == key) return UNSURE;
        const uint8_t *begin = ++at;
        if (at < end && (*at == '"' || *at == '\'')) {
            at = quoted_end(reader, ++begin, end, *at, &type);
            if (!at || (at + 1 < end && !is_space(at[1]))) return UNSURE;
        } else {
            at = value_end(at, end, &type);
            if (!at) return UNSURE;
        }
        if (slot != UNWANTED && !give(reader, row, slot, begin, at, type)) return UNSURE;
        at += type == STRING || type == ESCAPED;
    }
}

static const char *read_lines(Reader *reader, const Spans *spans) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        set_state(reader->cells, row, read_line(reader, row, begin, end));
    }
    return NULL;
}

enum { TEXT, BEGIN, END, KEYS, KEY_ENDS, CELL_BEGIN, CELL_END, CELL_TYPE, STATE, BUFFERS };

static bool sound_keys(const Py_buffer *keys, const Py_buffer *ends) {
    const int32_t *end = ends->buf;
    int32_t last = 0;
    if (!holds(ends, 0, 4) || ends->len / 4 > MOST_SLOTS) return false;
    for (Py_ssize_t each = 0; each < ends->len / 4; last = end[each++])
        if (end[each] <= last || end[each] > keys->len) return false;
    return true;
}

/* (text, begin, end, keys, ends of the keys, four arrays to write): see logcorr/formats/cut_kernel.py. */
PyObject *cut_logfmt(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    Cells cells;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*w*w*w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[KEYS], &of[KEY_ENDS],
                          &of[CELL_BEGIN], &of[CELL_END], &of[CELL_TYPE], &of[STATE]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && !sound_keys(&of[KEYS], &of[KEY_ENDS])) fault = "no list of keys";
    if (!fault && !read_cells(&cells, spans.rows, of[KEY_ENDS].len / 4, &of[CELL_BEGIN], &of[CELL_END],
                              &of[CELL_TYPE], &of[STATE]))
        fault = CUT_SHORT;
    if (!fault) {
        Reader reader = {.keys = of[KEYS].buf,
                         .ends = of[KEY_ENDS].buf,
                         .cells = &cells,
                         .text = spans.text,
                         .text_end = spans.text_end};
        Py_BEGIN_ALLOW_THREADS;
        fault = read_lines(&reader, &spans);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS, fault);
}
