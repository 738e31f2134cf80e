/* Timestamps of one form, "YYYY-MM-DD?HH:MM:SS[.d...]zone", as microseconds since 1970 UTC: gives what
   logcorr/formats/timestamps.py gives. */
#ifndef LOGCORR_STAMPS_H
#define LOGCORR_STAMPS_H

#include "kernels.h"

enum { MINUTE_BYTES = 16, SECOND_BYTES = 19, MICRO_DIGITS = 6, MOST_DIGITS = 9 };

static const long long DAY_US = 86400000000;

typedef struct {
    unsigned char separator;
    int digits;
    const uint8_t *zone;
    Py_ssize_t zone_bytes;
    long long zone_us;
} Form;

/* The minute that was read last. Most lines have the same minute as the line before. */
typedef struct {
    uint8_t text[MINUTE_BYTES];
    int64_t us;
} Minute;

static inline Py_ssize_t stamp_bytes(const Form *form) {
    return SECOND_BYTES + (form->digits ? 1 + form->digits : 0) + form->zone_bytes;
}

/* The number of two digits, or -1. */
static inline int two_digits(const uint8_t *text) {
    unsigned tens = text[0] - '0', ones = text[1] - '0';
    return tens > 9 || ones > 9 ? -1 : (int)(10 * tens + ones);
}

static inline int days_in(int year, int month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01 to a day of the years 1 to 9999. Years are taken to begin in March, so that a leap day is the
   last day of its year. */
static inline int64_t days_since_1970(int year, int month, int day) {
    int of_march = year - (month <= 2);
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int64_t)365 * of_march + of_march / 4 - of_march / 100 + of_march / 400 + day_of_year - 719468;
}

static inline bool read_minute(const uint8_t *text, unsigned char separator, Minute *minute) {
    if (!memcmp(text, minute->text, MINUTE_BYTES)) return true;
    int century = two_digits(text), year = two_digits(text + 2), month = two_digits(text + 5);
    int day = two_digits(text + 8), hour = two_digits(text + 11), minutes = two_digits(text + 14);
    if (century < 0 || year < 0 || month < 1 || month > 12 || hour < 0 || hour > 23 || minutes < 0 || minutes > 59)
        return false;
    if (text[4] != '-' || text[7] != '-' || text[10] != separator || text[13] != ':') return false;
    year += 100 * century;
    if (year < 1 || day < 1 || day > days_in(year, month)) return false;
    memcpy(minute->text, text, MINUTE_BYTES);
    minute->us = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minutes) * 60000000;
    return true;
}

/* Reads a timestamp of `stamp_bytes` bytes. Digits beyond microseconds are ignored. */
static inline bool read_stamp(const uint8_t *text, const Form *form, Minute *minute, int64_t *us) {
    static const int units[MICRO_DIGITS] = {100000, 10000, 1000, 100, 10, 1};
    int seconds = two_digits(text + 17);
    if (!read_minute(text, form->separator, minute) || text[16] != ':' || seconds < 0 || seconds > 59) return false;
    int64_t micros = (int64_t)seconds * 1000000;
    const uint8_t *at = text + SECOND_BYTES;
    if (form->digits) {
        if (*at++ != '.') return false;
        for (int place = 0; place < form->digits; place++, at++) {
            unsigned digit = *at - '0';
            if (digit > 9) return false;
            if (place < MICRO_DIGITS) micros += (int64_t)digit * units[place];
        }
    }
    if (memcmp(at, form->zone, form->zone_bytes)) return false;
    *us = minute->us + micros - form->zone_us;
    return true;
}

#endif
