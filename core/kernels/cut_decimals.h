/* Plain decimal numbers: an optional minus, digits, and optionally a point with digits. */
#ifndef LOGCORR_CUT_DECIMALS_H
#define LOGCORR_CUT_DECIMALS_H

#include "cut.h"

enum { MOST_POWER = 19, MOST_DECIMAL_DIGITS = 19 };

static const uint64_t TENS[MOST_POWER + 1] = {1u,
                                              10u,
                                              100u,
                                              1000u,
                                              10000u,
                                              100000u,
                                              1000000u,
                                              10000000u,
                                              100000000u,
                                              1000000000u,
                                              10000000000u,
                                              100000000000u,
                                              1000000000000u,
                                              10000000000000u,
                                              100000000000000u,
                                              1000000000000000u,
                                              10000000000000000u,
                                              100000000000000000u,
                                              1000000000000000000u,
                                              10000000000000000000u};

/* The number is digits / 10^fraction. */
typedef struct {
    uint64_t digits;
    int fraction;
    bool negative;
} Decimal;

/* Reads digits behind those that were read. Gives the position after them, or NULL if there are none or too many. */
static inline const uint8_t *add_digits(const uint8_t *at, const uint8_t *end, Decimal *decimal) {
    const uint8_t *begin = at;
    for (unsigned digit; at < end && (digit = (unsigned)(*at - '0')) <= 9; at++) {
        if (decimal->digits >= TENS[MOST_DECIMAL_DIGITS - 1]) return NULL;
        decimal->digits = 10 * decimal->digits + digit;
    }
    return at == begin ? NULL : at;
}

/* Whether a text is such a number, of at most MOST_DECIMAL_DIGITS digits after leading zeros. */
static inline bool read_decimal(const uint8_t *at, const uint8_t *end, Decimal *decimal) {
    *decimal = (Decimal){0};
    if (at < end && *at == '-') {
        decimal->negative = true;
        at++;
    }
    at = add_digits(at, end, decimal);
    if (!at || at == end) return at != NULL;
    if (*at != '.' || end - at > MOST_DECIMAL_DIGITS + 1) return false;
    decimal->fraction = (int)(end - at - 1);
    return add_digits(at + 1, end, decimal) == end;
}

#endif
