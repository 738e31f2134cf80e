/* The keys of JSON objects that were met, each once for each place where an object can be.

   A place is a node of the plan for objects that hold a wanted value, and else the depth. Objects of one place follow
   each other and never contain each other. So a key that was seen in the same object already is a duplicate. Each key
   remembers which key followed it last: most lines have the same keys in the same order as a line before. */
#ifndef LOGCORR_CUT_KEYS_H
#define LOGCORR_CUT_KEYS_H

#include "cut.h"

enum { MOST_KEYS = 4096, KEY_SLOTS = 16384, NO_KEY = -1 };

typedef struct {
    const uint8_t *text; /* in the chunk, followed by its closing quote */
    int32_t bytes, place, edge;
    int32_t next, first; /* the key that followed last, and the first key of the object that was its value last */
    uint64_t object;     /* the object in which it was seen last */
} Key;

typedef struct {
    Key *keys;
    int32_t *table; /* by hash: 1 + the number of a key, or 0 */
    int32_t count, first;
    uint64_t objects;
} Keys;

static inline void forget_keys(Keys *known) {
    memset(known->table, 0, KEY_SLOTS * sizeof *known->table);
    known->count = 0;
    known->first = NO_KEY;
}

static inline bool make_keys(Keys *known) {
    *known = (Keys){.keys = malloc(MOST_KEYS * sizeof(Key)), .table = malloc(KEY_SLOTS * sizeof(int32_t))};
    if (!known->keys || !known->table) return false;
    forget_keys(known);
    return true;
}

static inline void free_keys(Keys *known) {
    free(known->keys);
    free(known->table);
}

static inline uint32_t key_hash(const uint8_t *text, Py_ssize_t bytes, int32_t place) {
    uint64_t hash = (uint64_t)(uint32_t)place * 0x9e3779b97f4a7c15u;
    for (Py_ssize_t at = 0; at < bytes; at++) hash = (hash ^ text[at]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 29);
}

/* The number of a key, which is added if it is new; NO_KEY if there is no room. `is_new` tells whether it is new. */
static inline int32_t find_key(Keys *known, const uint8_t *text, Py_ssize_t bytes, int32_t place, bool *is_new) {
    uint32_t at = key_hash(text, bytes, place) % KEY_SLOTS;
    *is_new = false;
    for (; known->table[at]; at = (at + 1) % KEY_SLOTS) {
        const Key *key = &known->keys[known->table[at] - 1];
        if (key->place == place && key->bytes == bytes && same_bytes(key->text, text, bytes))
            return known->table[at] - 1;
    }
    if (known->count == MOST_KEYS) return NO_KEY;
    *is_new = true;
    known->keys[known->count] =
        (Key){.text = text, .bytes = (int32_t)bytes, .place = place, .edge = -1, .next = NO_KEY, .first = NO_KEY};
    known->table[at] = ++known->count;
    return known->count - 1;
}

/* Whether a text begins with a key and its closing quote. */
static inline bool begins_with_key(const Key *key, int32_t place, const uint8_t *at, const uint8_t *end) {
    return key->place == place && end - at > key->bytes && same_bytes(at, key->text, key->bytes + 1);
}

#endif
