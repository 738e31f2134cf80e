/* Cells -> instants: microseconds since 1970 UTC, by one form of times. Digits beyond microseconds are cut off. */

#include "cut_decimals.h"
#include "stamps.h"

/* What became of a text: not read, read with its zone, or read as if it were UTC because it tells no zone. */
enum { NOT_READ, WITH_ZONE, WITHOUT_ZONE };
enum { RFC_3339, EPOCH, EPOCH_HEX, PATTERN, KINDS };
enum { SECOND_US = 1000000, LITERAL = 0, MOST_OFFSET_HOURS = 23 };

static const int64_t FIRST_US = -62135596800000000, AFTER_LAST_US = 253402300800000000;

/* A form: its kind, the power of ten of its unit in microseconds, and the directives of a pattern, two bytes each: the
   letter of a directive, or LITERAL, and the literal byte. Dates that the pattern does not tell are given. */
typedef struct {
    int kind, power;
    const uint8_t *directives;
    Py_ssize_t directive_bytes;
    int year, month, day;
} TimeForm;

typedef struct {
    int year, month, day, hour, minute, second, micros, weekday, afternoon;
    int64_t zone_us;
    bool zone_told, year_told;
} Moment;

static inline bool begins(const uint8_t *at, const uint8_t *end, const char *word, Py_ssize_t bytes) {
    return end - at >= bytes && !memcmp(at, word, (size_t)bytes);
}

/* Two digits up to `most`; -1 if there are none. */
static inline int number_at(const uint8_t *at, const uint8_t *end, int most) {
    int number = end - at < 2 ? -1 : two_digits(at);
    return number > most ? -1 : number;
}

/* The end of a zone, or NULL: Z, UTC, or hours and minutes with a sign. */
static const uint8_t *read_zone(const uint8_t *at, const uint8_t *end, int64_t *zone_us) {
    *zone_us = 0;
    if (begins(at, end, "Z", 1)) return at + 1;
    if (begins(at, end, "UTC", 3)) return at + 3;
    if (at == end || (*at != '+' && *at != '-')) return NULL;
    bool west = *at++ == '-';
    int hours = number_at(at, end, MOST_OFFSET_HOURS), minutes = 0;
    if (hours < 0) return NULL;
    at += 2;
    const uint8_t *after = at + (at < end && *at == ':');
    if (after < end && (unsigned)(*after - '0') <= 9) {
        minutes = number_at(after, end, 59);
        if (minutes < 0) return NULL;
        at = after + 2;
    }
    *zone_us = (int64_t)(60 * hours + minutes) * (west ? -60 : 60) * SECOND_US;
    return at;
}

/* The end of one to nine digits of a fraction, or NULL. */
static inline const uint8_t *read_fraction(const uint8_t *at, const uint8_t *end, int *micros) {
    int unit = SECOND_US / 10;
    const uint8_t *begin = at;
    *micros = 0;
    for (unsigned digit; at < end && at - begin < MOST_DIGITS && (digit = (unsigned)(*at - '0')) <= 9; at++) {
        *micros += (int)digit * unit;
        unit /= 10;
    }
    return at == begin ? NULL : at;
}

static inline int in_years(int64_t us) { return us >= FIRST_US && us < AFTER_LAST_US ? WITH_ZONE : NOT_READ; }

static int read_rfc3339(const uint8_t *at, const uint8_t *end, Minute *minute, int64_t *us) {
    int micros = 0, seconds;
    int64_t zone_us;
    if (end - at < SECOND_BYTES || (at[10] != 'T' && at[10] != ' ') || !read_minute(at, at[10], minute)) return NOT_READ;
    seconds = number_at(at + 17, end, 59);
    if (at[16] != ':' || seconds < 0) return NOT_READ;
    at += SECOND_BYTES;
    if (at < end && (*at == '.' || *at == ',')) {
        at = read_fraction(at + 1, end, &micros);
        if (!at) return NOT_READ;
    }
    *us = minute->us + (int64_t)seconds * SECOND_US + micros;
    if (at == end) return WITHOUT_ZONE;
    at += *at == ' ';
    if (end - at == 3 && begins(at, end, "GMT", 3)) return WITH_ZONE;
    if (read_zone(at, end, &zone_us) != end) return NOT_READ;
    *us -= zone_us;
    return in_years(*us);
}

/* A number of units of 10^power microseconds. It is rounded down. */
static int read_epoch(const uint8_t *at, const uint8_t *end, int power, int64_t *us) {
    Decimal decimal;
    if (!read_decimal(at, end, &decimal)) return NOT_READ;
    int shift = power - decimal.fraction;
    uint64_t number = decimal.digits, rest = 0;
    if (shift > 0) {
        if (number > (uint64_t)AFTER_LAST_US / TENS[shift]) return NOT_READ;
        number *= TENS[shift];
    } else if (shift < 0) {
        if (-shift > MOST_POWER) return NOT_READ;
        rest = number % TENS[-shift];
        number /= TENS[-shift];
    }
    if (number > (uint64_t)AFTER_LAST_US) return NOT_READ;
    *us = decimal.negative ? -(int64_t)number - (rest != 0) : (int64_t)number;
    return in_years(*us);
}

/* The number of eight lower-case hexadecimal digits, or -1. */
static int64_t hex_at(const uint8_t *at) {
    int64_t number = 0;
    for (int place = 0; place < 8; place++) {
        uint8_t byte = at[place];
        int digit = byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
        if (digit < 0) return -1;
        number = number << 4 | digit;
    }
    return number;
}

/* Seconds and nanoseconds, eight hexadecimal digits each, with a point between them. */
static int read_epoch_hex(const uint8_t *at, const uint8_t *end, int64_t *us) {
    if (end - at != 17 || at[8] != '.') return NOT_READ;
    int64_t seconds = hex_at(at), nanos = hex_at(at + 9);
    if (seconds < 0 || nanos < 0 || nanos >= 1000000000) return NOT_READ;
    *us = seconds * SECOND_US + nanos / 1000;
    return WITH_ZONE;
}

/* The place of a name of three letters in a list of names, or -1. */
static inline int name_at(const uint8_t *at, const uint8_t *end, const char *names, int count) {
    for (int each = 0; end - at >= 3 && each < count; each++)
        if (!memcmp(at, names + 3 * each, 3)) return each;
    return -1;
}

/* Reads two digits into a number from `least` on. Gives the end, or NULL. */
static inline const uint8_t *read_two(const uint8_t *at, const uint8_t *end, int least, int most, int *number) {
    *number = number_at(at, end, most);
    return *number < least ? NULL : at + 2;
}

static inline const uint8_t *read_year(const uint8_t *at, const uint8_t *end, Moment *moment) {
    int century = number_at(at, end, 99), year = end - at < 4 ? -1 : number_at(at + 2, end, 99);
    moment->year = 100 * century + year;
    moment->year_told = true;
    return century < 0 || year < 0 || !moment->year ? NULL : at + 4;
}

static inline const uint8_t *read_day(const uint8_t *at, const uint8_t *end, Moment *moment) {
    if (end - at < 2 || *at != ' ') return read_two(at, end, 1, 31, &moment->day);
    moment->day = at[1] - '0';
    return moment->day < 1 || moment->day > 9 ? NULL : at + 2;
}

/* Reads what a directive stands for. Gives the end, or NULL. */
static const uint8_t *read_directive(uint8_t letter, const uint8_t *at, const uint8_t *end, Moment *moment) {
    switch (letter) {
    case 'Y': return read_year(at, end, moment);
    case 'y':
        moment->year_told = true;
        at = read_two(at, end, 0, 99, &moment->year);
        moment->year += 2000;
        return at;
    case 'm': return read_two(at, end, 1, 12, &moment->month);
    case 'd': return read_day(at, end, moment);
    case 'b':
        moment->month = 1 + name_at(at, end, "JanFebMarAprMayJunJulAugSepOctNovDec", 12);
        return moment->month ? at + 3 : NULL;
    case 'a': moment->weekday = name_at(at, end, "SunMonTueWedThuFriSat", 7); return moment->weekday < 0 ? NULL : at + 3;
    case 'H': return read_two(at, end, 0, 23, &moment->hour);
    case 'I': at = read_two(at, end, 1, 12, &moment->hour); moment->hour %= 12; return at;
    case 'p':
        moment->afternoon = begins(at, end, "PM", 2);
        return moment->afternoon || begins(at, end, "AM", 2) ? at + 2 : NULL;
    case 'M': return read_two(at, end, 0, 59, &moment->minute);
    case 'S': return read_two(at, end, 0, 59, &moment->second);
    case 'f': return read_fraction(at, end, &moment->micros);
    case 'z': moment->zone_told = true; return read_zone(at, end, &moment->zone_us);
    default: return NULL;
    }
}

static int read_pattern(const TimeForm *form, const uint8_t *at, const uint8_t *end, int64_t *us) {
    Moment moment = {.year = form->year, .month = form->month, .day = form->day, .weekday = -1};
    for (Py_ssize_t each = 0; each + 1 < form->directive_bytes; each += 2) {
        uint8_t letter = form->directives[each];
        if (letter == LITERAL) at = at < end && *at == form->directives[each + 1] ? at + 1 : NULL;
        else at = read_directive(letter, at, end, &moment);
        if (!at) return NOT_READ;
    }
    if (at != end || moment.day > days_in(moment.year, moment.month)) return NOT_READ;
    int64_t days = days_since_1970(moment.year, moment.month, moment.day);
    if (moment.weekday >= 0 && moment.year_told && (days % 7 + 11) % 7 != moment.weekday) return NOT_READ;
    int64_t minutes = (days * 24 + moment.hour + 12 * moment.afternoon) * 60 + moment.minute;
    *us = (minutes * 60 + moment.second) * SECOND_US + moment.micros - moment.zone_us;
    return moment.zone_told ? in_years(*us) : WITHOUT_ZONE;
}

static const char *read_times(const TimeForm *form, const Spans *spans, const uint8_t *type, int64_t *times,
                              uint8_t *outcome) {
    Minute minute;
    memset(minute.text, '\n', MINUTE_BYTES); /* no text of a line has this, so no minute is known yet */
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        const uint8_t *begin, *end;
        int64_t us = 0;
        int read = NOT_READ;
        if (!row_bounds(spans, row, &begin, &end)) return CUT_OUTSIDE;
        if (type[row] >= HELD) {
            switch (form->kind) {
            case RFC_3339: read = read_rfc3339(begin, end, &minute, &us); break;
            case EPOCH: read = read_epoch(begin, end, form->power, &us); break;
            case EPOCH_HEX: read = read_epoch_hex(begin, end, &us); break;
            default: read = read_pattern(form, begin, end, &us);
            }
        }
        times[row] = read == NOT_READ ? 0 : us;
        outcome[row] = (uint8_t)read;
    }
    return NULL;
}

static bool sound_form(const TimeForm *form) {
    bool date = form->year >= 1 && form->year <= 9999 && form->month >= 1 && form->month <= 12 && form->day >= 1 &&
                form->day <= 31;
    return date && form->kind >= 0 && form->kind < KINDS && form->power >= -3 && form->power <= 6;
}

enum { TEXT, BEGIN, END, TYPE, DIRECTIVES, TIMES, OUTCOME, BUFFERS };

/* (text, begin, end, type, (kind, power, directives, year, month, day), times as int64, outcome as uint8). */
PyObject *cut_times(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Spans spans;
    TimeForm form;
    if (!PyArg_ParseTuple(args, "y*y*y*y*(iiy*iii)w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &form.kind,
                          &form.power, &of[DIRECTIVES], &form.year, &form.month, &form.day, &of[TIMES], &of[OUTCOME]))
        return NULL;
    form.directives = of[DIRECTIVES].buf;
    form.directive_bytes = of[DIRECTIVES].len;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && !sound_form(&form)) fault = "no form of times";
    if (!fault && (!holds(&of[TYPE], spans.rows, 1) || !holds(&of[TIMES], spans.rows, 8) ||
                   !holds(&of[OUTCOME], spans.rows, 1)))
        fault = CUT_SHORT;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = read_times(&form, &spans, of[TYPE].buf, of[TIMES].buf, of[OUTCOME].buf);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS, fault);
}
