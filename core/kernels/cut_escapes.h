/* Escapes with a backslash, as JSON has them: to move past one, and to decode one. */
#ifndef LOGCORR_CUT_ESCAPES_H
#define LOGCORR_CUT_ESCAPES_H

#include "cut.h"

enum { REPLACEMENT = 0xfffd };

static inline int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The code of four digits after "\u", or -1. */
static inline int code_unit(const uint8_t *at, const uint8_t *end) {
    int code = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    for (int place = 2; place < 6; place++) {
        int digit = hex_digit(at[place]);
        if (digit < 0) return -1;
        code = code << 4 | digit;
    }
    return code;
}

/* The end of an escape that JSON has, or NULL. Surrogates must come in pairs. */
static inline const uint8_t *skip_escape(const uint8_t *at, const uint8_t *end) {
    if (end - at < 2) return NULL;
    if (at[1] != 'u') return at[1] && strchr("\"\\/bfnrt", at[1]) ? at + 2 : NULL;
    int code = code_unit(at, end);
    if (code < 0 || (code & 0xfc00) == 0xdc00) return NULL;
    if ((code & 0xfc00) != 0xd800) return at + 6;
    code = code_unit(at + 6, end);
    return code >= 0 && (code & 0xfc00) == 0xdc00 ? at + 12 : NULL;
}

/* Writes the UTF-8 of a character, and gives the position after it. */
static inline uint8_t *write_character(uint8_t *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (uint8_t)code;
        return to;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (uint8_t)(leads[more] | code >> 6 * more);
    while (more--) *to++ = (uint8_t)(0x80 | (code >> 6 * more & 0x3f));
    return to;
}

/* Decodes the escape at `at`, which becomes no longer by it. A lone surrogate becomes U+FFFD. Any other byte after the
   backslash stands for itself. Gives the position after the escape. */
static inline const uint8_t *decode_escape(const uint8_t *at, const uint8_t *end, uint8_t **to) {
    static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
    if (end - at < 2) {
        *(*to)++ = *at;
        return at + 1;
    }
    int code = code_unit(at, end);
    if (code >= 0) {
        at += 6;
        if ((code & 0xfc00) == 0xd800) {
            int low = code_unit(at, end);
            bool is_pair = low >= 0 && (low & 0xfc00) == 0xdc00;
            at += is_pair ? 6 : 0;
            code = is_pair ? 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff)) : REPLACEMENT;
        } else if ((code & 0xfc00) == 0xdc00) {
            code = REPLACEMENT;
        }
        *to = write_character(*to, (uint32_t)code);
        return at;
    }
    const char *letter = at[1] ? strchr(letters, at[1]) : NULL;
    *(*to)++ = letter ? (uint8_t)values[letter - letters] : at[1];
    return at + 2;
}

#endif
