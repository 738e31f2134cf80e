/* Cells -> cells of attributes: without blanks at their ends, paths without their query, and clients without a port.

   What takes more than that is marked as odd, and its cell stays as it is: the careful reading has to tell. */

#include "cut.h"

enum { PLAIN_TEXT, TARGET, CLIENT };

static inline bool is_space(uint8_t byte) { return byte == ' ' || byte == '\t'; }

static inline bool is_digit(uint8_t byte) { return (unsigned)(byte - '0') <= 9; }

/* The end of an IPv4 address as it is usually written, four numbers of at most three digits without a leading zero; or
   NULL. */
static inline const uint8_t *after_ipv4(const uint8_t *at, const uint8_t *end) {
    for (int part = 0; part < 4; part++) {
        const uint8_t *first = at;
        if (part && (at == end || *at++ != '.')) return NULL;
        for (first = at; at < end && is_digit(*at);) at++;
        if (at == first || at - first > 3 || (*first == '0' && at - first > 1)) return NULL;
    }
    return at;
}

enum { GROUPS = 8, MOST_IPV6 = 39, NO_GAP = -1 };

/* Reads the groups of an IPv6 address without leading zeros. Gives their number and the place of `::`; 0 for any other
   text. */
static int read_groups(const uint8_t *at, const uint8_t *end, unsigned *groups, int *gap) {
    int count = 0;
    *gap = NO_GAP;
    if (end - at < 2 || end - at > MOST_IPV6 || (*at == ':' && at[1] != ':')) return 0;
    while (at < end) {
        if (*at == ':') {
            bool doubled = end - at > 1 && at[1] == ':';
            if (doubled && *gap != NO_GAP) return 0;
            if (doubled) *gap = count;
            at += doubled ? 2 : 1;
            if (at == end) return doubled && count ? count : 0;
            if (*at == ':') return 0;
        }
        const uint8_t *first = at;
        unsigned value = 0;
        for (; at < end && (is_digit(*at) || (*at >= 'a' && *at <= 'f')); at++)
            value = value * 16 + (unsigned)(is_digit(*at) ? *at - '0' : *at - 'a' + 10);
        if (at == first || at - first > 4 || (*first == '0' && at - first > 1) || count == GROUPS) return 0;
        groups[count++] = value;
        if (at < end && *at != ':') return 0;
    }
    return count;
}

/* Whether a text is an IPv6 address as RFC 5952 writes it, and not one that holds an IPv4 address. */
static bool is_ipv6(const uint8_t *at, const uint8_t *end) {
    unsigned groups[GROUPS];
    int gap, count = read_groups(at, end, groups, &gap), hidden = gap == NO_GAP ? 0 : GROUPS - count, run = 0;
    if (!count || (gap == NO_GAP && count < GROUPS) || (gap != NO_GAP && hidden < 2)) return false;
    /* The gap is the first of the longest runs of zeros, and none of these goes on beside it. */
    for (int each = 0; each < count; each++) {
        if (each == gap) run = 0;
        if (groups[each]) run = 0;
        else if (++run > 1 && (!hidden || run > hidden || (run == hidden && each < gap))) return false;
        if (!groups[each] && (each == gap || each + 1 == gap)) return false;
    }
    return gap != 0 || groups[0] != 0xffff;
}

/* Whether a text is a client. Takes a port and brackets off. */
static bool take_client(const uint8_t **begin, const uint8_t **end) {
    const uint8_t *at = *begin, *ipv4_end = after_ipv4(at, *end), *last = *end;
    if (ipv4_end == last) return true;
    const uint8_t *port = last;
    while (port > at && is_digit(port[-1])) port--;
    bool has_port = port > at && port[-1] == ':' && last - port <= 5;
    if (ipv4_end) return has_port && last > port && port - 1 == ipv4_end && (*end = ipv4_end, true);
    if (*at == '[') {
        if (last[-1] == ']') last--;
        else if (has_port && port - 2 > at && port[-2] == ']') last = port - 2;
        else return false;
        at++;
    }
    if (!is_ipv6(at, last)) return false;
    *begin = at;
    *end = last;
    return true;
}

/* The end of a scheme that goes with its host, or NULL: `http://`, `https://`, `ws://`, `wss://`. */
static inline const uint8_t *after_scheme(const uint8_t *at, const uint8_t *end) {
    static const char *const schemes[] = {"http", "ws"};
    for (int each = 0; each < 2; each++) {
        const uint8_t *to = at;
        const char *name = schemes[each];
        while (*name && to < end && (*to | 0x20) == *name) to++, name++;
        if (*name) continue;
        to += to < end && (*to | 0x20) == 's';
        if (end - to >= 3 && to[0] == ':' && to[1] == '/' && to[2] == '/') return to + 3;
    }
    return NULL;
}

/* Takes scheme and host off a target, so that it begins with a slash. False if a fragment follows the host. */
static bool take_host(const uint8_t **begin, const uint8_t **end) {
    const uint8_t *at = after_scheme(*begin, *end);
    if (!at) return true;
    const uint8_t *slash = at - 1;
    while (at < *end && *at != '/' && *at != '?' && *at != '#') at++;
    if (at < *end && *at == '#') return false;
    if (at == *end || *at == '?') {
        /* Nothing but the root is asked for: the slash before the host stands for it. */
        *begin = slash;
        *end = slash + 1;
    } else {
        *begin = at + (*end - at > 1 && at[1] == '/');
    }
    return true;
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
    if (!none && to->kind == CLIENT && !take_client(&at, &end)) return true;
    if (!none && to->kind == TARGET) {
        if (!take_host(&at, &end)) return true;
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
