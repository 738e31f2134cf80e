/* What hash tables of texts share: the hash of a text, and slots that hold the place of a text. */
#ifndef LOGCORR_TABLES_H
#define LOGCORR_TABLES_H

#include "kernels.h"

enum { EMPTY_SLOT = 0, SLOTS_A_TEXT = 2 };

/* The place of a text in a table, and the hash of the text. A slot with the place EMPTY_SLOT is empty. A text whose slot
   is taken goes to the next slot. */
typedef struct {
    uint32_t place, hash;
} Slot;

static inline void prefetch(const void *place) {
#ifdef __GNUC__
    __builtin_prefetch(place);
#else
    (void)place;
#endif
}

/* Both halves of the product of two words, folded. */
static inline uint64_t mixed(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (uint64_t)(uint32_t)a * (uint32_t)b, high = (a >> 32) * (b >> 32);
    uint64_t middle = (a >> 32) * (uint32_t)b, other = (uint64_t)(uint32_t)a * (b >> 32);
    uint64_t carried = (low >> 32) + (uint32_t)middle + other;
    return ((carried << 32) | (uint32_t)low) ^ (high + (middle >> 32) + (carried >> 32));
#endif
}

/* The mixer is secret, so nobody can choose texts that all belong to one slot. */
static inline uint32_t hash_of(const uint8_t *text, Py_ssize_t bytes, uint64_t mixer) {
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = mixer ^ (uint64_t)bytes * odd, first = 0, last = 0;
    if (bytes > 16) {
        const uint8_t *end = text + bytes - 16;
        for (; text < end; text += 16) hash = mixed(eight_bytes(text) ^ odd ^ mixer, eight_bytes(text + 8) ^ hash);
        /* The last 16 bytes, some of them again. */
        first = eight_bytes(end), last = eight_bytes(end + 8);
    } else if (bytes >= 8) {
        first = eight_bytes(text), last = eight_bytes(text + bytes - 8);
    } else if (bytes >= 4) {
        uint32_t one, other;
        memcpy(&one, text, 4);
        memcpy(&other, text + bytes - 4, 4);
        first = one, last = other;
    } else if (bytes) {
        first = text[0] | (uint64_t)text[bytes / 2] << 8 | (uint64_t)text[bytes - 1] << 16;
    }
    hash = mixed(first ^ odd ^ mixer, last ^ hash);
    return (uint32_t)(mixed(hash ^ mixer, odd) >> 16);
}

/* Whether there are enough slots for so many texts, and their number is a power of two. */
static inline bool are_slots(const Py_buffer *slots, Py_ssize_t texts) {
    uint64_t count = (uint64_t)slots->len / sizeof(Slot);
    return count && !(count & (count - 1)) && count >= SLOTS_A_TEXT * (uint64_t)texts && holds(slots, 0, 4);
}

#endif
