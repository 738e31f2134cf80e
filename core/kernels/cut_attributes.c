/* Cells -> cells of attributes: without blanks at their ends, paths without their query, and plain clients.

   What takes more than that is marked as odd, and its cell stays as it is: the careful reading has to tell. */

#include "cut.h"

enum { PLAIN_TEXT, TARGET, CLIENT };

static inline bool is_space(uint8_t byte) { return byte == ' ' || byte == '\t'; }

/* Whether a text is an IPv4 address as it is usually written: four numbers of at most three digits without a leading
   zero. */
static inline bool is_plain_client(const uint8_t *at, const uint8_t *end) {
    for (int part = 0; part < 4; part++) {
        const uint8_t *first = at;
        while (at < end && (unsigned)(*at - '0') <= 9) at++;
        if (at == first || at - first > 3 || (*first == '0' && at - first > 1)) return false;
        if (part == 3) return at == end;
        if (at == end || *at++ != '.') return false;
    }
    return false;
}

/* Whether a target may begin with a scheme and a host. */
static inline bool may_have_host(const uint8_t *at, const uint8_t *end) {
    uint8_t first = *at | 0x20;
    return (first == 'h' || first == 'w') && end - at > 3 && has_byte(at, end - 2, ':');
}

typedef struct {
    int kind, backslashes; /* whether a backslash begins an escape, as servers write it into lines of text */
    int32_t *begin, *end;
    uint8_t *type, *odd;
} Attributes;

/* Whether the cell of a row is odd. Else it is cut. */
static inline bool cut_one(const Attributes *to, Py_ssize_t row, int type, const uint8_t *at, const uint8_t *end,
                           const uint8_t *text) {
    if (type == ESCAPED || type == DOUBLED || (to->backslashes && has_byte(at, end, '\\'))) return true;
    while (at < end && is_space(*at)) at++;
    while (end > at && is_space(end[-1])) end--;
    bool none = at == end || (end - at == 1 && *at == '-');
    if (!none && to->kind == CLIENT && !is_plain_client(at, end)) return true;
    if (!none && to->kind == TARGET) {
        if (may_have_host(at, end)) return true;
        const uint8_t *query = memchr(at, '?', (size_t)(end - at));
        if (query) end = query;
        none = at == end;
    }
    to->begin[row] = (int32_t)(at - text);
    to->end[row] = (int32_t)(none ? at - text : end - text);
    to->type[row] = (uint8_t)(none ? MISSING : type);
    return false;
}

static const char *cut_all(const Attributes *to, const Spans *spans, const uint8_t *type, Py_ssize_t *count) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        to->begin[row] = spans->begin[row];
        to->end[row] = spans->end[row];
        to->type[row] = type[row];
        bool has_text = type[row] >= HELD && type[row] != OBJECT && type[row] != ARRAY;
        to->odd[row] = has_text && cut_one(to, row, type[row], begin, end, spans->text);
        *count += to->odd[row];
    }
    return NULL;
}

enum { TEXT, BEGIN, END, TYPE, NEW_BEGIN, NEW_END, NEW_TYPE, ODD, BUFFERS };

/* (text, begin, end, type, kind, whether backslashes are escapes, begin, end, type, odd): writes the last four. Gives
   the number of odd cells. */
PyObject *cut_attributes(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    Attributes to;
    Py_ssize_t count = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*ipw*w*w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &to.kind,
                          &to.backslashes, &of[NEW_BEGIN], &of[NEW_END], &of[NEW_TYPE], &of[ODD]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && !(holds(&of[TYPE], spans.rows, 1) && holds(&of[NEW_BEGIN], spans.rows, 4) &&
                    holds(&of[NEW_END], spans.rows, 4) && holds(&of[NEW_TYPE], spans.rows, 1) &&
                    holds(&of[ODD], spans.rows, 1)))
        fault = CUT_SHORT;
    if (!fault) {
        to.begin = of[NEW_BEGIN].buf;
        to.end = of[NEW_END].buf;
        to.type = of[NEW_TYPE].buf;
        to.odd = of[ODD].buf;
        Py_BEGIN_ALLOW_THREADS;
        fault = cut_all(&to, &spans, of[TYPE].buf, &count);
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < BUFFERS; each++) PyBuffer_Release(&of[each]);
    if (fault) return PyErr_SetString(PyExc_ValueError, fault), NULL;
    return PyLong_FromSsize_t(count);
}
