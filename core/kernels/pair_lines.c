/* Lines of the common form of pair logs -> columns of entries, by the rules of logcorr/formats/pair_lines_numpy.py. */

#include "stamps.h"

/* The columns of entries. Each has room for `capacity` entries, and the texts for as many bytes as the log has. */
typedef struct {
    Py_ssize_t rows, capacity, empty, id_bytes, user_bytes;
    int64_t *time, *id_ends, *user_ends;
    uint32_t *row;
    uint8_t *ids, *users, *users_present;
    int16_t *status;
} Entries;

/* The other lines: their rows, and the positions where they begin and end. */
typedef struct {
    Py_ssize_t rows;
    int64_t *bounds;
    uint32_t *row;
} Others;

static const char *const SHORT = "the arrays are too short for the lines";

typedef struct {
    const uint8_t *text, *end;
    const int64_t *wrong, *wrong_end; /* the positions of lines that were not UTF-8 */
    uint32_t first_row;
    bool requests;
} Lines;

/* Whether a text, which must not be empty, surely has no blank at its ends. */
static inline bool bare(const uint8_t *begin, const uint8_t *end) {
    return *begin > ' ' && end[-1] != ' ' && end[-1] != '\t';
}

static inline bool is_word(const uint8_t *text, const char *word, Py_ssize_t bytes) {
    for (Py_ssize_t at = 0; at < bytes; at++)
        if ((text[at] | 0x20) != (uint8_t)word[at]) return false;
    return true;
}

/* Whether an id is one of the words for no id, NO_IDS. */
static inline bool no_id(const uint8_t *id, Py_ssize_t bytes) {
    switch (bytes) {
    case 1: return *id == '-';
    case 3: return is_word(id, "nil", 3);
    case 4: return is_word(id, "null", 4) || is_word(id, "none", 4);
    case 9: return is_word(id, "undefined", 9);
    default: return false;
    }
}

/* `bytes` is the length of all texts so far. It is never read from `text_end`, as another thread could write there. */
static inline void append(uint8_t *texts, Py_ssize_t *bytes, int64_t *text_end, const uint8_t *begin,
                          const uint8_t *end) {
    memcpy(texts + *bytes, begin, end - begin);
    *text_end = *bytes += end - begin;
}

static inline bool add_user(Entries *to, const uint8_t *begin, const uint8_t *end) {
    if (begin == end) {
        to->users_present[to->rows / 8] &= (uint8_t) ~(1u << to->rows % 8);
        to->empty++;
    } else if (!bare(begin, end) || memchr(begin, ',', end - begin)) {
        return false;
    }
    append(to->users, &to->user_bytes, &to->user_ends[to->rows + 1], begin, end);
    return true;
}

static inline bool add_status(Entries *to, const uint8_t *begin, const uint8_t *end) {
    if (end - begin < 1 || end - begin > 3) return false;
    int code = 0;
    for (; begin < end; begin++) {
        unsigned digit = *begin - '0';
        if (digit > 9) return false;
        code = 10 * code + (int)digit;
    }
    to->status[to->rows] = (int16_t)code;
    return true;
}

/* Adds a line if it is of the common form. */
static inline bool add_line(const Lines *lines, const Form *form, Minute *minute, const uint8_t *line,
                            const uint8_t *end, Entries *to) {
    Py_ssize_t width = stamp_bytes(form);
    if (end - line <= width || line[width] != ',' || !read_stamp(line, form, minute, &to->time[to->rows])) return false;
    const uint8_t *id = line + width + 1, *id_end = memchr(id, ',', end - id);
    if (!id_end || id_end == id || !bare(id, id_end) || no_id(id, id_end - id)) return false;
    if (!(lines->requests ? add_user(to, id_end + 1, end) : add_status(to, id_end + 1, end))) return false;
    append(to->ids, &to->id_bytes, &to->id_ends[to->rows + 1], id, id_end);
    return true;
}

/* Reads the lines, and tells whether there was room for every line. */
static bool read_lines(const Lines *lines, const Form *form, Entries *to, Others *others) {
    Minute minute;
    memset(minute.text, '\n', MINUTE_BYTES); /* no line has this text, so no minute is known yet */
    const int64_t *wrong = lines->wrong;
    uint32_t row = lines->first_row;
    for (const uint8_t *line = lines->text, *newline; line < lines->end; line = newline + 1, row++) {
        newline = memchr(line, '\n', lines->end - line);
        if (!newline || to->rows + others->rows == to->capacity) return !newline;
        const uint8_t *end = newline - (newline > line && newline[-1] == '\r');
        bool refused = wrong < lines->wrong_end && *wrong == line - lines->text;
        wrong += refused;
        if (!refused && add_line(lines, form, &minute, line, end, to)) {
            to->row[to->rows++] = row;
        } else {
            others->bounds[2 * others->rows] = line - lines->text;
            others->bounds[2 * others->rows + 1] = end - lines->text;
            others->row[others->rows++] = row;
        }
    }
    return true;
}

enum { TEXT, WRONG, ZONE, TIME, ROW, IDS, ID_ENDS, USERS, USER_ENDS, PRESENT, STATUS, BOUNDS, OTHER_ROWS, BUFFERS };

/* Whether each array is long enough for `capacity` lines. Arrays for the columns of the other side are not used. */
static bool large_enough(const Py_buffer *of, Py_ssize_t capacity, bool requests) {
    bool both = holds(&of[TIME], capacity, 8) && holds(&of[ROW], capacity, 4) && holds(&of[WRONG], 0, 8) &&
                holds(&of[OTHER_ROWS], capacity, 4) && holds(&of[BOUNDS], capacity, 16);
    bool ids = holds(&of[IDS], of[TEXT].len, 1) && holds(&of[ID_ENDS], capacity + 1, 8);
    bool users = holds(&of[USERS], of[TEXT].len, 1) && holds(&of[USER_ENDS], capacity + 1, 8) &&
                 holds(&of[PRESENT], (capacity + 7) / 8, 1);
    return both && ids && (requests ? users : holds(&of[STATUS], capacity, 2));
}

/* Whether a form is a CommonForm of logcorr/formats/timestamps.py. */
static bool sound_form(const Form *form, int separator) {
    return separator >= 0 && separator < 0x80 && form->digits >= 0 && form->digits <= MOST_DIGITS &&
           form->zone_us > -DAY_US && form->zone_us < DAY_US;
}

static const char *fault_in(const Py_buffer *of, const Form *form, int separator, long long first_row,
                            Py_ssize_t capacity, bool requests) {
    if (!sound_form(form, separator)) return "no form of timestamps";
    if (first_row < 0 || first_row > ((long long)UINT32_MAX + 1) - capacity) return "no rows of 32 bits";
    return large_enough(of, capacity, requests) ? NULL : SHORT;
}

/* (text, wrong, requests, (separator, digits, zone, zone_us), first_row, ten arrays to write) -> number of entries,
   number of other lines, bytes of ids, bytes of users, number of empty users. */
PyObject *pair_lines(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Form form;
    int requests, separator;
    long long first_row;
    if (!PyArg_ParseTuple(args, "y*y*p(Ciy*L)Lw*w*w*w*w*w*w*w*w*w*", &of[TEXT], &of[WRONG], &requests, &separator,
                          &form.digits, &of[ZONE], &form.zone_us, &first_row, &of[TIME], &of[ROW], &of[IDS],
                          &of[ID_ENDS], &of[USERS], &of[USER_ENDS], &of[PRESENT], &of[STATUS], &of[BOUNDS],
                          &of[OTHER_ROWS]))
        return NULL;
    form.separator = (unsigned char)separator;
    form.zone = of[ZONE].buf;
    form.zone_bytes = of[ZONE].len;
    Entries entries = {.capacity = of[TIME].len / 8,
                       .time = of[TIME].buf,
                       .row = of[ROW].buf,
                       .ids = of[IDS].buf,
                       .id_ends = of[ID_ENDS].buf,
                       .users = of[USERS].buf,
                       .user_ends = of[USER_ENDS].buf,
                       .users_present = of[PRESENT].buf,
                       .status = of[STATUS].buf};
    Others others = {.bounds = of[BOUNDS].buf, .row = of[OTHER_ROWS].buf};
    Lines lines = {.text = of[TEXT].buf,
                   .end = (const uint8_t *)of[TEXT].buf + of[TEXT].len,
                   .wrong = of[WRONG].buf,
                   .wrong_end = (const int64_t *)of[WRONG].buf + of[WRONG].len / 8,
                   .first_row = (uint32_t)first_row,
                   .requests = requests};
    const char *fault = fault_in(of, &form, separator, first_row, entries.capacity, requests);
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        entries.id_ends[0] = 0;
        if (requests) {
            entries.user_ends[0] = 0;
            memset(entries.users_present, 0xFF, (size_t)of[PRESENT].len);
        }
        if (!read_lines(&lines, &form, &entries, &others)) fault = SHORT;
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < BUFFERS; each++) PyBuffer_Release(&of[each]);
    if (fault) {
        PyErr_SetString(PyExc_ValueError, fault);
        return NULL;
    }
    return Py_BuildValue("nnnnn", entries.rows, others.rows, entries.id_bytes, entries.user_bytes, entries.empty);
}

/* (text) -> the number of line ends in it. */
PyObject *line_count(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer text;
    if (!PyArg_ParseTuple(args, "y*", &text)) return NULL;
    const uint8_t *bytes = text.buf;
    Py_ssize_t count = 0;
    Py_BEGIN_ALLOW_THREADS;
    for (Py_ssize_t at = 0; at < text.len; at++) count += bytes[at] == '\n';
    Py_END_ALLOW_THREADS;
    PyBuffer_Release(&text);
    return PyLong_FromSsize_t(count);
}
