/* Arrow columns -> records as NDJSON: the same bytes that polars writes, and instants as RFC 3339 with six decimals. */

#include "views.h"

enum { NUMBER_BYTES = 20, INSTANT_BYTES = 29, ESCAPE_BYTES = 6 };

/* The first µs of the year 1, and the first µs after the year 9999, both since 1970. */
static const int64_t FIRST_US = -62135596800000000, AFTER_US = 253402300800000000;

/* A column: the text before each of its values, and its Arrow buffers. `kind` is the letter of its Arrow format: "v"
   for views of text, "t" for instants (64-bit µs since 1970), for integers the letter of their width. */
typedef struct {
    int kind;
    Py_ssize_t offset, text_count;
    Py_buffer before, present, values;
    Py_buffer *texts;
} Field;

typedef struct {
    Field *fields;
    Py_ssize_t field_count;
    Py_buffer ending; /* the text after the last value of a record */
} Record;

/* The space for records. A function that writes at a position in it gives the position after its output, or NULL. */
typedef struct {
    const uint8_t *end;
    const char *wrong; /* why NULL was given, where that is not because the space ended */
} Room;

static inline uint64_t word_at(const uint8_t *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

static inline uint64_t half_word_at(const uint8_t *text) {
    uint32_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* Copies as memcpy does, but without a function call, as most texts are short. */
static inline void copy(uint8_t *to, const uint8_t *from, Py_ssize_t bytes) {
    if (bytes < 8) {
        for (Py_ssize_t at = 0; at < bytes; at++) to[at] = from[at];
    } else if (bytes > 64) {
        memcpy(to, from, (size_t)bytes);
    } else {
        for (Py_ssize_t at = 0; at < bytes - 8; at += 8) memcpy(to + at, from + at, 8);
        memcpy(to + bytes - 8, from + bytes - 8, 8);
    }
}

/* Not 0 if one of eight bytes is a control character, a quote or a backslash. */
static inline uint64_t to_escape(uint64_t word) {
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    uint64_t control = (word - ones * ' ') & ~word;
    return (control | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & high;
}

static inline bool is_escaped(uint8_t byte) { return byte < ' ' || byte == '"' || byte == '\\'; }

/* Copies a text of more than eight bytes. Tells whether it is plain: nothing of it has to be escaped. */
static inline bool copy_plain(uint8_t *to, const uint8_t *from, Py_ssize_t bytes) {
    uint64_t found = to_escape(word_at(from + bytes - 8));
    for (Py_ssize_t at = 0; at < bytes - 8; at += 8) {
        found |= to_escape(word_at(from + at));
        memcpy(to + at, from + at, 8);
    }
    memcpy(to + bytes - 8, from + bytes - 8, 8);
    return !found;
}

/* The same for a text within a view, without a branch on its length. It always copies INLINE_BYTES bytes. */
static inline bool copy_inline(uint8_t *to, const uint8_t *from, Py_ssize_t bytes) {
    static const uint8_t masks[2 * INLINE_BYTES] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    const uint64_t blanks = 0x2020202020202020;
    const uint8_t *mask = masks + INLINE_BYTES - bytes;
    uint64_t first = word_at(mask), last = half_word_at(mask + 8);
    memcpy(to, from, INLINE_BYTES);
    return !(to_escape((word_at(from) & first) | (blanks & ~first)) |
             to_escape((half_word_at(from + 8) & last) | (blanks & ~last)));
}

static uint8_t *copy_escaped(uint8_t *to, const uint8_t *from, Py_ssize_t bytes) {
    static const char digits[] = "0123456789abcdef", letters[] = "btn fr"; /* for the bytes 8 to 13 */
    for (Py_ssize_t at = 0; at < bytes; at++) {
        uint8_t byte = from[at];
        if (!is_escaped(byte)) {
            *to++ = byte;
            continue;
        }
        *to++ = '\\';
        if (byte >= ' ') {
            *to++ = byte;
        } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
            *to++ = (uint8_t)letters[byte - '\b'];
        } else {
            memcpy(to, "u00", 3);
            to[3] = (uint8_t)digits[byte >> 4];
            to[4] = (uint8_t)digits[byte & 15];
            to += 5;
        }
    }
    return to;
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static uint8_t *add_any(uint8_t *to, uint64_t number) {
    uint8_t reversed[NUMBER_BYTES], *at = reversed + NUMBER_BYTES;
    for (; number > 9; number /= 100) memcpy(at -= 2, pairs + 2 * (number % 100), 2);
    if (number || at == reversed + NUMBER_BYTES) *--at = (uint8_t)('0' + number);
    Py_ssize_t bytes = reversed + NUMBER_BYTES - at;
    memcpy(to, at, (size_t)bytes);
    return to + bytes;
}

static inline uint32_t pair_of(uint64_t number) {
    uint16_t pair;
    memcpy(&pair, pairs + 2 * number, 2);
    return pair;
}

/* Writes numbers of up to four digits without a branch on their length, which the processor could not predict. */
static inline uint8_t *add_digits(uint8_t *to, uint64_t number) {
    if (number > 9999 || PY_BIG_ENDIAN) return add_any(to, number);
    int digits = 1 + (number > 9) + (number > 99) + (number > 999);
    uint32_t four = (pair_of(number / 100) | pair_of(number % 100) << 16) >> 8 * (4 - digits);
    memcpy(to, &four, 4);
    return to + digits;
}

static inline uint8_t *add_signed(uint8_t *to, int64_t number) {
    if (number >= 0) return add_digits(to, (uint64_t)number);
    *to++ = '-';
    return add_digits(to, 0 - (uint64_t)number);
}

#define VALUE(type, of, row) (((const type *)(of))[row])

static inline uint8_t *add_number(uint8_t *to, int kind, const void *values, Py_ssize_t row) {
    switch (kind) {
    case 'c': return add_signed(to, VALUE(int8_t, values, row));
    case 's': return add_signed(to, VALUE(int16_t, values, row));
    case 'i': return add_signed(to, VALUE(int32_t, values, row));
    case 'l': return add_signed(to, VALUE(int64_t, values, row));
    case 'C': return add_digits(to, VALUE(uint8_t, values, row));
    case 'S': return add_digits(to, VALUE(uint16_t, values, row));
    case 'I': return add_digits(to, VALUE(uint32_t, values, row));
    default: return add_digits(to, VALUE(uint64_t, values, row));
    }
}

static inline uint8_t *add_text(uint8_t *to, Room *room, const Field *field, Py_ssize_t row) {
    Py_ssize_t bytes;
    const uint8_t *view = (const uint8_t *)field->values.buf + VIEW_BYTES * row;
    const uint8_t *text = text_of(view, field->texts, field->text_count, &bytes);
    if (!text) {
        room->wrong = "a text lies outside of its column";
        return NULL;
    }
    if (room->end - to < (int64_t)ESCAPE_BYTES * bytes + INLINE_BYTES + 2) return NULL;
    *to++ = '"';
    bool plain = bytes > INLINE_BYTES ? copy_plain(to, text, bytes) : copy_inline(to, text, bytes);
    to = plain ? to + bytes : copy_escaped(to, text, bytes);
    *to++ = '"';
    return to;
}

/* Writes `digits` digits of a number: an even count. */
static inline void put_digits(uint8_t *to, uint64_t number, int digits) {
    for (; digits; number /= 100) memcpy(to + (digits -= 2), pairs + 2 * (number % 100), 2);
}

/* Writes the date of a day since 1970-01-01 as 2025-11-21, by the arithmetic of years that begin in March. */
static inline void put_date(uint8_t *to, int64_t day) {
    uint64_t since = (uint64_t)(day + 719468); /* days since 0000-03-01 */
    uint64_t era = since / 146097, of_era = since % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t from_march = (5 * of_year + 2) / 153;
    uint64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    put_digits(to, 400 * era + year + (month < 3), 4);
    put_digits(to + 5, month, 2);
    put_digits(to + 8, of_year - (153 * from_march + 2) / 5 + 1, 2);
}

static inline uint8_t *add_instant(uint8_t *to, Room *room, int64_t instant) {
    const int64_t second = 1000000, day = 86400 * second;
    if (instant < FIRST_US || instant >= AFTER_US) {
        room->wrong = "an instant lies outside of the years 1 to 9999";
        return NULL;
    }
    if (room->end - to < INSTANT_BYTES) return NULL;
    int64_t days = instant / day - (instant % day < 0);
    uint64_t of_day = (uint64_t)(instant - days * day), seconds = of_day / (uint64_t)second;
    memcpy(to, "\"0000-00-00T00:00:00.000000Z\"", INSTANT_BYTES);
    put_date(to + 1, days);
    put_digits(to + 12, seconds / 3600, 2);
    put_digits(to + 15, seconds / 60 % 60, 2);
    put_digits(to + 18, seconds % 60, 2);
    put_digits(to + 21, of_day % (uint64_t)second, 6);
    return to + INSTANT_BYTES;
}

static inline uint8_t *add_value(uint8_t *to, Room *room, const Field *field, Py_ssize_t row) {
    if (room->end - to < field->before.len + NUMBER_BYTES) return NULL;
    copy(to, field->before.buf, field->before.len);
    to += field->before.len;
    row += field->offset;
    if (!is_present(field->present.buf, row)) {
        memcpy(to, "null", 4);
        return to + 4;
    }
    if (field->kind == 'v') return add_text(to, room, field, row);
    if (field->kind == 't') return add_instant(to, room, VALUE(int64_t, field->values.buf, row));
    return add_number(to, field->kind, field->values.buf, row);
}

static inline uint8_t *add_record(uint8_t *to, Room *room, const Record *record, Py_ssize_t row) {
    for (Py_ssize_t each = 0; each < record->field_count && to; each++)
        to = add_value(to, room, &record->fields[each], row);
    if (!to || room->end - to < record->ending.len) return NULL;
    copy(to, record->ending.buf, record->ending.len);
    return to + record->ending.len;
}

/* Adds the records of rows until there is no room for a record. `row` is then the row of this record. Gives the end of
   the last record. */
static uint8_t *add_records(uint8_t *to, Room *room, const Record *record, Py_ssize_t *row, Py_ssize_t rows) {
    for (uint8_t *next; *row < rows && (next = add_record(to, room, record, *row)); to = next) ++*row;
    return to;
}

static Py_ssize_t value_bytes(int kind) {
    switch (kind) {
    case 'c':
    case 'C': return 1;
    case 's':
    case 'S': return 2;
    case 'i':
    case 'I': return 4;
    case 'l':
    case 'L':
    case 't': return 8;
    case 'v': return VIEW_BYTES;
    default: return 0;
    }
}

/* Whether the buffers of a column hold `rows` rows after its offset. */
static bool holds_rows(const Field *field, Py_ssize_t rows) {
    Py_ssize_t bytes = value_bytes(field->kind);
    if (!bytes || field->offset < 0 || field->offset > PY_SSIZE_T_MAX - rows) return false;
    Py_ssize_t last = field->offset + rows;
    return has_bits(&field->present, last) && holds(&field->values, last, bytes);
}

static void release_field(Field *field) {
    if (field->texts) release_texts(field->texts, field->text_count);
    PyBuffer_Release(&field->before);
    PyBuffer_Release(&field->present);
    PyBuffer_Release(&field->values);
}

/* (before, kind, offset, present or None, values, texts) -> a column. */
static bool read_field(Field *field, PyObject *given) {
    PyObject *texts;
    if (!PyTuple_Check(given)) return PyErr_SetString(PyExc_TypeError, "a column is a tuple"), false;
    return PyArg_ParseTuple(given, "y*Cnz*y*O!", &field->before, &field->kind, &field->offset, &field->present,
                            &field->values, &PyTuple_Type, &texts) &&
           (field->texts = read_texts(texts, &field->text_count));
}

static bool read_fields(Record *record, PyObject *given, Py_ssize_t rows) {
    Py_ssize_t count = PyTuple_Size(given);
    record->fields = PyMem_Calloc(count ? (size_t)count : 1, sizeof(Field));
    if (!record->fields) return PyErr_NoMemory(), false;
    for (; record->field_count < count; record->field_count++) {
        Field *field = &record->fields[record->field_count];
        if (!read_field(field, PyTuple_GetItem(given, record->field_count))) {
            release_field(field);
            return false;
        }
        if (!holds_rows(field, rows)) {
            release_field(field);
            return PyErr_SetString(PyExc_ValueError, "a column does not hold the rows"), false;
        }
    }
    return true;
}

/* (columns, ending, first row, end of rows, array to write) -> the first row without room, the bytes written. */
PyObject *ndjson(PyObject *Py_UNUSED(module), PyObject *args) {
    Record record = {0};
    Py_buffer out = {0};
    PyObject *given, *result = NULL;
    Py_ssize_t row, rows;
    if (!PyArg_ParseTuple(args, "O!y*nnw*", &PyTuple_Type, &given, &record.ending, &row, &rows, &out)) return NULL;
    if (row < 0 || rows < row) {
        PyErr_SetString(PyExc_ValueError, "there are no such rows");
    } else if (read_fields(&record, given, rows)) {
        uint8_t *to = out.buf;
        Room room = {.end = to + out.len};
        Py_BEGIN_ALLOW_THREADS;
        to = add_records(to, &room, &record, &row, rows);
        Py_END_ALLOW_THREADS;
        if (room.wrong)
            PyErr_SetString(PyExc_ValueError, room.wrong);
        else
            result = Py_BuildValue("nn", row, (Py_ssize_t)(to - (uint8_t *)out.buf));
    }
    for (Py_ssize_t each = 0; each < record.field_count; each++) release_field(&record.fields[each]);
    PyMem_Free(record.fields);
    PyBuffer_Release(&record.ending);
    PyBuffer_Release(&out);
    return result;
}
