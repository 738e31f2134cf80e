/* Cells -> durations in microseconds, of the forms that hold units: those of Go ("1m2.5s", "46.457µs") and those of
   Python ("0:00:00.002269"). A tie goes to the even number. */

#include "cut_decimals.h"

enum { NANO = 1000000000, MOST_FRACTION = 9, GO = 0, TIMEDELTA = 1 };

static const int64_t MOST_US = (int64_t)1 << 52;

/* Microseconds, and billionths of one. */
typedef struct {
    int64_t us, rest;
} Sum;

/* A unit of Go, and its microseconds; nanoseconds have none. */
typedef struct {
    const char *name;
    Py_ssize_t bytes;
    int64_t us;
} Unit;

/* The names that begin other names stand behind them. */
static const Unit UNITS[] = {
    {"h", 1, 3600000000}, {"ms", 2, 1000},        {"us", 2, 1},     {"\xc2\xb5s", 3, 1},
    {"\xce\xbcs", 3, 1},  {"ns", 2, 0},           {"m", 1, 60000000}, {"s", 1, 1000000},
};

static const Unit *unit_at(const uint8_t *at, const uint8_t *end) {
    for (size_t each = 0; each < sizeof UNITS / sizeof *UNITS; each++)
        if (end - at >= UNITS[each].bytes && !memcmp(at, UNITS[each].name, (size_t)UNITS[each].bytes))
            return &UNITS[each];
    return NULL;
}

/* Reads a whole number of at most MOST_US. Gives the position after it, or NULL. */
static inline const uint8_t *read_whole(const uint8_t *at, const uint8_t *end, int64_t *number) {
    Decimal decimal = {0};
    at = add_digits(at, end, &decimal);
    if (!at || decimal.digits > (uint64_t)MOST_US) return NULL;
    *number = (int64_t)decimal.digits;
    return at;
}

/* Reads the fraction after a whole number, if there is one: at most nine digits, in billionths. */
static inline const uint8_t *read_billionths(const uint8_t *at, const uint8_t *end, int64_t *number) {
    *number = 0;
    if (at == end || *at != '.') return at;
    const uint8_t *begin = ++at;
    int64_t unit = NANO / 10;
    for (unsigned digit; at < end && (digit = (unsigned)(*at - '0')) <= 9; at++, unit /= 10) {
        if (at - begin == MOST_FRACTION) return NULL;
        *number += (int64_t)digit * unit;
    }
    return at == begin ? NULL : at;
}

/* Adds a number of units. False if it is too large, or finer than billionths of a microsecond. */
static inline bool add_units(Sum *sum, int64_t whole, int64_t billionths, int64_t unit_us) {
    if (!unit_us) {
        if (billionths) return false;
        sum->us += whole / 1000;
        sum->rest += whole % 1000 * (NANO / 1000);
    } else {
        if (whole > MOST_US / unit_us) return false;
        int64_t part = billionths * unit_us; /* below 3.6e18 */
        sum->us += whole * unit_us + part / NANO;
        sum->rest += part % NANO;
    }
    return sum->us <= MOST_US;
}

static inline int64_t rounded(Sum sum) {
    sum.us += sum.rest / NANO;
    sum.rest %= NANO;
    return sum.us + (sum.rest > NANO / 2 || (sum.rest == NANO / 2 && sum.us % 2));
}

static bool read_go(const uint8_t *at, const uint8_t *end, int64_t *us) {
    Sum sum = {0};
    bool negative = at < end && *at == '-';
    at += negative;
    if (at == end) return false;
    for (int parts = 0; at < end; parts++) {
        int64_t whole, billionths;
        at = read_whole(at, end, &whole);
        if (at) at = read_billionths(at, end, &billionths);
        const Unit *unit = at ? unit_at(at, end) : NULL;
        if (!unit || parts == 6 || !add_units(&sum, whole, billionths, unit->us)) return false;
        at += unit->bytes;
    }
    *us = negative ? -rounded(sum) : rounded(sum);
    return true;
}

/* Hours of any number of digits, and minutes and seconds of two. */
static bool read_timedelta(const uint8_t *at, const uint8_t *end, int64_t *us) {
    int64_t hours, minutes, seconds, billionths;
    Sum sum = {0};
    at = read_whole(at, end, &hours);
    if (!at || end - at < 6 || at[0] != ':' || at[3] != ':') return false;
    if (read_whole(at + 1, at + 3, &minutes) != at + 3 || read_whole(at + 4, at + 6, &seconds) != at + 6) return false;
    if (minutes > 59 || seconds > 59 || read_billionths(at + 6, end, &billionths) != end) return false;
    if (!add_units(&sum, hours, 0, 3600000000)) return false;
    if (!add_units(&sum, 60 * minutes + seconds, billionths, 1000000)) return false;
    *us = rounded(sum);
    return true;
}

static const char *read_rows(const Spans *spans, const uint8_t *type, int form, int64_t *result, uint8_t *sound) {
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        int64_t us = 0;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        bool read = type[row] >= HELD && (form == GO ? read_go : read_timedelta)(begin, end, &us);
        sound[row] = read;
        result[row] = read ? us : 0;
    }
    return NULL;
}

enum { TEXT, BEGIN, END, TYPE, RESULT, SOUND, BUFFERS };

/* (text, begin, end, type, form, result as int64, sound). */
PyObject *cut_durations(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    int form;
    if (!PyArg_ParseTuple(args, "y*y*y*y*iw*w*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &form, &of[RESULT],
                          &of[SOUND]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && form != GO && form != TIMEDELTA) fault = "no form of durations";
    if (!fault && (!holds(&of[TYPE], spans.rows, 1) || !holds(&of[RESULT], spans.rows, 8) ||
                   !holds(&of[SOUND], spans.rows, 1)))
        fault = CUT_SHORT;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = read_rows(&spans, of[TYPE].buf, form, of[RESULT].buf, of[SOUND].buf);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS, fault);
}
