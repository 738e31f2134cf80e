/* Cells -> numbers, status codes, and the number of the constant that a cell is equal to. */

#include "cut_decimals.h"

enum { NO_CONSTANT = 255, NOT_TOLD = 254, MOST_GROUPED = 32 };

static const int64_t BEYOND = (int64_t)1 << 53; /* as in logcorr/formats/durations.py */

/* Reads a decimal whose whole part may have commas between groups of three digits. */
static inline bool read_grouped(const uint8_t *at, const uint8_t *end, Decimal *decimal) {
    uint8_t bare[MOST_GROUPED];
    Py_ssize_t bytes = 0;
    if (end - at > MOST_GROUPED || !has_byte(at, end, ',')) return read_decimal(at, end, decimal);
    const uint8_t *digits = at + (*at == '-'), *point = memchr(at, '.', (size_t)(end - at));
    const uint8_t *whole_end = point ? point : end;
    if (digits == whole_end || *digits == ',' || (whole_end - digits) % 4 == 0) return false;
    for (; at < end; at++) {
        bool comma = at > digits && at < whole_end && (whole_end - at) % 4 == 0;
        if ((*at == ',') != comma) return false;
        if (!comma) bare[bytes++] = *at;
    }
    return read_decimal(bare, bare + bytes, decimal);
}

/* A decimal times 10^power; a tie goes to the even number. False if the result is BEYOND or more. */
static inline bool scale(const Decimal *decimal, int power, int64_t *result) {
    int shift = power - decimal->fraction;
    uint64_t number = decimal->digits;
    if (shift > 0) {
        if (number && (shift > MOST_POWER || number >= (uint64_t)BEYOND / TENS[shift])) return false;
        number *= number ? TENS[shift] : 1;
    } else if (shift < 0) {
        if (-shift > MOST_POWER) return false;
        uint64_t unit = TENS[-shift], rest = number % unit;
        number /= unit;
        number += rest > unit - rest || (rest == unit - rest && number % 2);
    }
    if (number >= (uint64_t)BEYOND) return false;
    *result = decimal->negative ? -(int64_t)number : (int64_t)number;
    return true;
}

enum { TEXT, BEGIN, END, TYPE, RESULT, SOUND, BUFFERS };

/* The spans of cells, their types, and room for a result and a flag for each. Gives a fault, or NULL. */
static const char *read_columns(const Py_buffer *of, Spans *spans, Py_ssize_t bytes) {
    const char *fault = read_spans(spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (fault) return fault;
    bool enough = holds(&of[TYPE], spans->rows, 1) && holds(&of[RESULT], spans->rows, bytes) &&
                  holds(&of[SOUND], spans->rows, 1);
    return enough ? NULL : CUT_SHORT;
}

static const char *read_numbers(const Spans *spans, const uint8_t *type, int power, int64_t *result, uint8_t *sound) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        Decimal decimal;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        sound[row] = type[row] >= HELD && read_grouped(begin, end, &decimal) && scale(&decimal, power, &result[row]);
        if (!sound[row]) result[row] = 0;
    }
    return NULL;
}

/* (text, begin, end, type, power, result as int64, sound): plain decimal numbers times 10^power. The whole part
   may have commas between groups of three digits. */
PyObject *cut_numbers(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    int power;
    if (!PyArg_ParseTuple(args, "y*y*y*y*iw*w*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &power, &of[RESULT],
                          &of[SOUND]))
        return NULL;
    const char *fault = read_columns(of, &spans, 8);
    if (!fault && (power < -MOST_POWER || power > MOST_POWER)) fault = "no power of ten";
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = read_numbers(&spans, of[TYPE].buf, power, of[RESULT].buf, of[SOUND].buf);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS, fault);
}

static const char *read_codes(const Spans *spans, const uint8_t *type, int16_t *result, uint8_t *sound) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *at, *end;
        if (!row_bounds(spans, row, &at, &end)) return CUT_OUTSIDE;
        int code = 0;
        bool is_code = type[row] >= HELD && end > at && end - at <= 3;
        for (; is_code && at < end; at++) {
            is_code = (unsigned)(*at - '0') <= 9;
            code = 10 * code + *at - '0';
        }
        sound[row] = is_code;
        result[row] = (int16_t)(is_code ? code : 0);
    }
    return NULL;
}

/* (text, begin, end, type, result as int16, sound): numbers of one to three digits. */
PyObject *cut_status(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &of[RESULT], &of[SOUND]))
        return NULL;
    const char *fault = read_columns(of, &spans, 2);
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = read_codes(&spans, of[TYPE].buf, of[RESULT].buf, of[SOUND].buf);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS, fault);
}

/* Constants stand behind each other, each from the end of the one before to its own end. */
typedef struct {
    const uint8_t *texts;
    const int32_t *ends;
    Py_ssize_t count;
    int prefix; /* whether a text need only begin with a constant */
} Constants;

static inline uint8_t constant_of(const Constants *constants, const uint8_t *begin, const uint8_t *end) {
    int32_t first = 0;
    for (Py_ssize_t each = 0; each < constants->count; first = constants->ends[each++]) {
        Py_ssize_t bytes = constants->ends[each] - first;
        if ((constants->prefix ? end - begin >= bytes : end - begin == bytes) &&
            same_bytes(constants->texts + first, begin, bytes))
            return (uint8_t)each;
    }
    return NO_CONSTANT;
}

static const char *compare(const Constants *constants, const Spans *spans, const uint8_t *type, uint8_t *result) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        if (type[row] < HELD) result[row] = NO_CONSTANT;
        else if (type[row] == ESCAPED || type[row] == DOUBLED) result[row] = NOT_TOLD;
        else result[row] = constant_of(constants, begin, end);
    }
    return NULL;
}

static bool read_constants(Constants *constants, const Py_buffer *texts, const Py_buffer *ends, int prefix) {
    *constants = (Constants){.texts = texts->buf, .ends = ends->buf, .count = ends->len / 4, .prefix = prefix};
    if (!holds(ends, 0, 4) || constants->count >= NOT_TOLD) return false;
    int32_t last = 0;
    for (Py_ssize_t each = 0; each < constants->count; last = constants->ends[each++])
        if (constants->ends[each] < last || constants->ends[each] > texts->len) return false;
    return true;
}

/* (text, begin, end, type, constants, ends of the constants, whether they are prefixes, result as uint8). */
PyObject *cut_equals(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS + 1] = {{0}};
    Spans spans;
    Constants constants;
    int prefix;
    enum { TEXTS = SOUND, ENDS };
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*pw*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &of[TEXTS], &of[ENDS],
                          &prefix, &of[RESULT]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && !read_constants(&constants, &of[TEXTS], &of[ENDS], prefix)) fault = "no list of constants";
    if (!fault && (!holds(&of[TYPE], spans.rows, 1) || !holds(&of[RESULT], spans.rows, 1))) fault = CUT_SHORT;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = compare(&constants, &spans, of[TYPE].buf, of[RESULT].buf);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS + 1, fault);
}
