/* Columns as Arrow has them -> records as NDJSON, byte by byte what polars writes. */

#include "kernels.h"

enum { VIEW_BYTES = 16, INLINE_BYTES = 12, NUMBER_BYTES = 20, ESCAPE_BYTES = 6 };

/* One column: what stands before each of its values, and its Arrow buffers. `kind` is the letter of Arrow's format:
   "v" for views of text, that of the width for integers. */
typedef struct {
    int kind;
    Py_ssize_t offset, text_count;
    Py_buffer before, present, values;
    Py_buffer *texts;
} Field;

typedef struct {
    Field *fields;
    Py_ssize_t field_count;
    Py_buffer ending; /* what stands after the last value of a record */
} Record;

/* What is left of the room that the records go to. */
typedef struct {
    uint8_t *to, *end;
} Room;

typedef enum { WRITTEN, FULL, WRONG } Outcome;

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

/* Copies as memcpy does, without a call: most texts are short. */
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

/* Whether one of eight bytes is a control character, a quote or a backslash: not 0 where it is. */
static inline uint64_t to_escape(uint64_t word) {
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    uint64_t control = (word - ones * ' ') & ~word;
    return (control | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & high;
}

static inline bool is_escaped(uint8_t byte) { return byte < ' ' || byte == '"' || byte == '\\'; }

/* Copies a text; tells whether that was all, as nothing of it has to be escaped. */
static inline bool copy_plain(uint8_t *to, const uint8_t *from, Py_ssize_t bytes) {
    uint64_t found = 0;
    if (bytes >= 8) {
        for (Py_ssize_t at = 0; at < bytes - 8; at += 8) {
            found |= to_escape(word_at(from + at));
            memcpy(to + at, from + at, 8);
        }
        found |= to_escape(word_at(from + bytes - 8));
        memcpy(to + bytes - 8, from + bytes - 8, 8);
    } else if (bytes >= 4) {
        found = to_escape(half_word_at(from) | half_word_at(from + bytes - 4) << 32);
        memcpy(to, from, 4);
        memcpy(to + bytes - 4, from + bytes - 4, 4);
    } else {
        for (Py_ssize_t at = 0; at < bytes; at++) found |= is_escaped(to[at] = from[at]);
    }
    return !found;
}

static uint8_t *copy_escaped(uint8_t *to, const uint8_t *from, Py_ssize_t bytes) {
    static const char digits[] = "0123456789abcdef", letters[] = "btn fr"; /* of 8 to 13 */
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

static inline int digit_count(uint64_t number) {
    int digits = 1;
    for (uint64_t power = 10; number >= power; power *= 10)
        if (++digits == NUMBER_BYTES) break; /* the next power would be too large */
    return digits;
}

static inline uint8_t *add_digits(uint8_t *to, uint64_t number) {
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    uint8_t *end = to + digit_count(number), *at = end;
    for (; number > 9; number /= 100) memcpy(at -= 2, pairs + 2 * (number % 100), 2);
    if (at > to) *to = (uint8_t)('0' + number);
    return end;
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

/* Finds the text of a view: in the view itself, or in one of the column's buffers; NULL where that does not hold it. */
static inline const uint8_t *text_of(const Field *field, const uint8_t *view, Py_ssize_t *bytes) {
    int32_t length, buffer, begin;
    memcpy(&length, view, 4);
    *bytes = length;
    if (length >= 0 && length <= INLINE_BYTES) return view + 4;
    memcpy(&buffer, view + 8, 4);
    memcpy(&begin, view + 12, 4);
    if (length < 0 || begin < 0 || buffer < 0 || buffer >= field->text_count) return NULL;
    const Py_buffer *text = &field->texts[buffer];
    if (begin > text->len || length > text->len - begin) return NULL;
    return (const uint8_t *)text->buf + begin;
}

static inline Outcome add_text(Room *room, const Field *field, Py_ssize_t row) {
    Py_ssize_t bytes;
    const uint8_t *text = text_of(field, (const uint8_t *)field->values.buf + VIEW_BYTES * row, &bytes);
    if (!text) return WRONG;
    if ((room->end - room->to - 2) / ESCAPE_BYTES < bytes) return FULL;
    *room->to++ = '"';
    room->to = copy_plain(room->to, text, bytes) ? room->to + bytes : copy_escaped(room->to, text, bytes);
    *room->to++ = '"';
    return WRITTEN;
}

static inline bool is_null(const Field *field, Py_ssize_t row) {
    const uint8_t *bits = field->present.buf;
    return bits && !(bits[row / 8] >> row % 8 & 1);
}

static inline Outcome add_value(Room *room, const Field *field, Py_ssize_t row) {
    if (room->end - room->to < field->before.len + NUMBER_BYTES) return FULL;
    copy(room->to, field->before.buf, field->before.len);
    room->to += field->before.len;
    row += field->offset;
    if (is_null(field, row)) {
        memcpy(room->to, "null", 4);
        room->to += 4;
        return WRITTEN;
    }
    if (field->kind == 'v') return add_text(room, field, row);
    room->to = add_number(room->to, field->kind, field->values.buf, row);
    return WRITTEN;
}

static inline Outcome add_record(Room *room, const Record *record, Py_ssize_t row) {
    for (Py_ssize_t each = 0; each < record->field_count; each++) {
        Outcome outcome = add_value(room, &record->fields[each], row);
        if (outcome != WRITTEN) return outcome;
    }
    if (room->end - room->to < record->ending.len) return FULL;
    copy(room->to, record->ending.buf, record->ending.len);
    room->to += record->ending.len;
    return WRITTEN;
}

/* Adds the records of rows until there is no room for all of one; `row` is then the next. */
static Outcome add_records(Room *room, const Record *record, Py_ssize_t *row, Py_ssize_t rows) {
    for (; *row < rows; (*row)++) {
        uint8_t *begin = room->to;
        Outcome outcome = add_record(room, record, *row);
        if (outcome != WRITTEN) {
            room->to = begin;
            return outcome;
        }
    }
    return WRITTEN;
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
    case 'L': return 8;
    case 'v': return VIEW_BYTES;
    default: return 0;
    }
}

/* Whether the buffers of a column hold so many rows behind its offset. */
static bool holds(const Field *field, Py_ssize_t rows) {
    Py_ssize_t bytes = value_bytes(field->kind);
    if (!bytes || field->offset < 0 || field->offset > PY_SSIZE_T_MAX - rows) return false;
    Py_ssize_t last = field->offset + rows;
    bool aligned = field->kind == 'v' || (uintptr_t)field->values.buf % (uintptr_t)bytes == 0;
    bool bits = !field->present.buf || field->present.len >= last / 8 + (last % 8 != 0);
    return aligned && bits && field->values.len / bytes >= last;
}

static void release_field(Field *field) {
    for (Py_ssize_t each = 0; each < field->text_count; each++) PyBuffer_Release(&field->texts[each]);
    PyMem_Free(field->texts);
    PyBuffer_Release(&field->before);
    PyBuffer_Release(&field->present);
    PyBuffer_Release(&field->values);
}

static bool read_texts(Field *field, PyObject *texts) {
    Py_ssize_t count = PyTuple_Size(texts);
    field->texts = PyMem_Calloc(count ? (size_t)count : 1, sizeof(Py_buffer));
    if (!field->texts) return PyErr_NoMemory(), false;
    for (; field->text_count < count; field->text_count++)
        if (PyObject_GetBuffer(PyTuple_GetItem(texts, field->text_count), &field->texts[field->text_count],
                               PyBUF_SIMPLE))
            return false;
    return true;
}

/* (before, kind, offset, present or None, values, texts) -> a column. */
static bool read_field(Field *field, PyObject *given) {
    PyObject *texts;
    if (!PyTuple_Check(given)) return PyErr_SetString(PyExc_TypeError, "a column is a tuple"), false;
    return PyArg_ParseTuple(given, "y*Cnz*y*O!", &field->before, &field->kind, &field->offset, &field->present,
                            &field->values, &PyTuple_Type, &texts) &&
           read_texts(field, texts);
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
        if (!holds(field, rows)) {
            release_field(field);
            return PyErr_SetString(PyExc_ValueError, "a column does not hold the rows"), false;
        }
    }
    return true;
}

/* (columns, ending, row, rows, room) -> the row behind the last that there was room for, the bytes written. */
PyObject *ndjson(PyObject *Py_UNUSED(module), PyObject *args) {
    Record record = {0};
    Py_buffer out = {0};
    PyObject *given, *result = NULL;
    Py_ssize_t row, rows;
    if (!PyArg_ParseTuple(args, "O!y*nnw*", &PyTuple_Type, &given, &record.ending, &row, &rows, &out)) return NULL;
    if (row < 0 || rows < row) {
        PyErr_SetString(PyExc_ValueError, "there are no such rows");
    } else if (read_fields(&record, given, rows)) {
        Room room = {out.buf, (uint8_t *)out.buf + out.len};
        Outcome outcome;
        Py_BEGIN_ALLOW_THREADS;
        outcome = add_records(&room, &record, &row, rows);
        Py_END_ALLOW_THREADS;
        if (outcome == WRONG)
            PyErr_SetString(PyExc_ValueError, "a text lies outside of its column");
        else
            result = Py_BuildValue("nn", row, (Py_ssize_t)(room.to - (uint8_t *)out.buf));
    }
    for (Py_ssize_t each = 0; each < record.field_count; each++) release_field(&record.fields[each]);
    PyMem_Free(record.fields);
    PyBuffer_Release(&record.ending);
    PyBuffer_Release(&out);
    return result;
}
