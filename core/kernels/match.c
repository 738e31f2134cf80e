/* Finds equal keys of two sides: gives what logcorr/compute/hash_match.py computes with numpy. */

#include "kernels.h"

enum { KEY_BITS = 64, NOBODY = -1 };

typedef struct {
    const uint64_t *keys;
    Py_ssize_t count;
} Side;

/* A hash table of the keys of one side. A slot has the index of a key, or NOBODY. A key whose slot is taken goes to the
   next slot; at least half of the slots are empty. The mixer is secret, so nobody can choose ids whose keys all belong
   to one slot. */
typedef struct {
    int32_t *places;
    uint64_t mixer, last;
    int shift;
} Slots;

/* The indexes of equal keys, the indexes of all other keys, and the keys that a side has more than once. */
typedef struct {
    uint32_t *left, *right, *left_alone, *right_alone;
    uint64_t *repeated;
    Py_ssize_t pairs, repeats;
} Matches;

static inline uint64_t slot_of(const Slots *slots, uint64_t key) { return (key * slots->mixer) >> slots->shift; }

/* The slot that holds a key, or the empty slot for it. */
static inline uint64_t find(const Slots *slots, const uint64_t *keys, uint64_t key) {
    uint64_t slot = slot_of(slots, key);
    while (slots->places[slot] != NOBODY && keys[slots->places[slot]] != key) slot = (slot + 1) & slots->last;
    return slot;
}

static void fill(Slots *slots, Side side, Matches *found) {
    memset(slots->places, 0xFF, (size_t)(slots->last + 1) * sizeof *slots->places);
    for (Py_ssize_t place = 0; place < side.count; place++) {
        int32_t *holder = &slots->places[find(slots, side.keys, side.keys[place])];
        if (*holder == NOBODY)
            *holder = (int32_t)place;
        else
            found->repeated[found->repeats++] = side.keys[place];
    }
}

/* Of several equal keys on the left, the first one is paired. */
static void seek(const Slots *slots, Side left, Side right, bool *taken, Matches *found) {
    for (Py_ssize_t place = 0; place < left.count; place++) {
        int32_t partner = slots->places[find(slots, right.keys, left.keys[place])];
        bool free = partner != NOBODY && !taken[partner];
        if (free) {
            taken[partner] = true;
            found->left[found->pairs] = (uint32_t)place;
            found->right[found->pairs++] = (uint32_t)partner;
        } else {
            found->left_alone[place - found->pairs] = (uint32_t)place;
            if (partner != NOBODY) found->repeated[found->repeats++] = left.keys[place];
        }
    }
    Py_ssize_t alone = 0;
    for (Py_ssize_t place = 0; place < right.count; place++)
        if (!taken[place]) found->right_alone[alone++] = (uint32_t)place;
}

static bool match_sides(Side left, Side right, uint64_t mixer, Matches *found) {
    int bits = 1;
    while ((INT64_C(1) << bits) < 2 * right.count) bits++;
    Slots slots = {.mixer = mixer | 1, .last = (UINT64_C(1) << bits) - 1, .shift = KEY_BITS - bits};
    slots.places = malloc((size_t)(slots.last + 1) * sizeof *slots.places);
    bool *taken = calloc((size_t)right.count + 1, 1);
    bool room = slots.places && taken;
    if (room) {
        fill(&slots, right, found);
        seek(&slots, left, right, taken, found);
    }
    free(taken);
    free(slots.places);
    return room;
}

enum { LEFT, RIGHT, LEFT_PLACES, RIGHT_PLACES, LEFT_ALONE, RIGHT_ALONE, REPEATED, BUFFERS };

/* (left keys, right keys, mixer, five arrays to write) -> number of pairs, number of repeated keys. */
PyObject *match(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    unsigned long long mixer;
    if (!PyArg_ParseTuple(args, "y*y*Kw*w*w*w*w*", &of[LEFT], &of[RIGHT], &mixer, &of[LEFT_PLACES],
                          &of[RIGHT_PLACES], &of[LEFT_ALONE], &of[RIGHT_ALONE], &of[REPEATED]))
        return NULL;
    Side left = {of[LEFT].buf, of[LEFT].len / 8}, right = {of[RIGHT].buf, of[RIGHT].len / 8};
    Matches found = {.left = of[LEFT_PLACES].buf,
                     .right = of[RIGHT_PLACES].buf,
                     .left_alone = of[LEFT_ALONE].buf,
                     .right_alone = of[RIGHT_ALONE].buf,
                     .repeated = of[REPEATED].buf};
    Py_ssize_t most = left.count < right.count ? left.count : right.count;
    bool sizes = left.count < INT32_MAX && right.count < INT32_MAX && holds(&of[LEFT], left.count, 8) &&
                 holds(&of[RIGHT], right.count, 8) && holds(&of[LEFT_PLACES], most, 4) &&
                 holds(&of[RIGHT_PLACES], most, 4) && holds(&of[LEFT_ALONE], left.count, 4) &&
                 holds(&of[RIGHT_ALONE], right.count, 4) && holds(&of[REPEATED], left.count + right.count, 8);
    bool room = false;
    if (sizes) {
        Py_BEGIN_ALLOW_THREADS;
        room = match_sides(left, right, mixer, &found);
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < BUFFERS; each++) PyBuffer_Release(&of[each]);
    if (!sizes) {
        PyErr_SetString(PyExc_ValueError, "the arrays are too short for the keys");
        return NULL;
    }
    return room ? Py_BuildValue("nn", found.pairs, found.repeats) : PyErr_NoMemory();
}
