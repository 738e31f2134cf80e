/* Counts of keys, in a table that logcorr/compute/key_counts.py owns and enlarges. A key is two numbers of 64 bits. */

#include "tables.h"

enum { LEAST_EMPTY = 2, AHEAD = 16 };

/* A key and how often it was counted. A slot with the count 0 is empty. A key whose slot is taken goes to the next slot;
   at least half of the slots are empty. */
typedef struct {
    int64_t first, second, count;
} Count;

typedef struct {
    Count *slots;
    uint64_t last, mixer;
    Py_ssize_t count;
} Table;

typedef struct {
    const int64_t *first, *second, *counts;
    Py_ssize_t row, rows;
} Keys;

/* The mixer is secret, so nobody can choose keys that all belong to one slot. */
static inline uint64_t place_of(const Table *table, int64_t first, int64_t second) {
    uint64_t hash = ((uint64_t)first ^ table->mixer) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ hash >> 32 ^ (uint64_t)second) * UINT64_C(0xD6E8FEB86659FD93);
    return (hash ^ hash >> 32) & table->last;
}

static inline Count *slot_of(const Table *table, uint64_t place, int64_t first, int64_t second) {
    while (table->slots[place].count &&
           (table->slots[place].first != first || table->slots[place].second != second))
        place = (place + 1) & table->last;
    return &table->slots[place];
}

/* Adds rows until half of the slots are taken. `row` is then the row of the key that has no slot. */
static void add_rows(Table *table, Keys *keys) {
    uint64_t places[AHEAD];
    Py_ssize_t most = (Py_ssize_t)((table->last + 1) / LEAST_EMPTY);
    while (keys->row < keys->rows) {
        Py_ssize_t left = keys->rows - keys->row, rows = left < AHEAD ? left : AHEAD;
        for (Py_ssize_t each = 0; each < rows; each++) {
            places[each] = place_of(table, keys->first[keys->row + each], keys->second[keys->row + each]);
            prefetch(&table->slots[places[each]]);
        }
        for (Py_ssize_t each = 0; each < rows; each++, keys->row++) {
            int64_t first = keys->first[keys->row], second = keys->second[keys->row];
            int64_t count = keys->counts ? keys->counts[keys->row] : 1;
            if (count < 1) continue;
            Count *slot = slot_of(table, places[each], first, second);
            if (!slot->count) {
                if (table->count == most) return;
                *slot = (Count){.first = first, .second = second};
                table->count++;
            }
            slot->count += count;
        }
    }
}

static bool is_table(const Py_buffer *slots) {
    uint64_t count = (uint64_t)slots->len / sizeof(Count);
    return count >= LEAST_EMPTY && !(count & (count - 1)) && holds(slots, (Py_ssize_t)count, sizeof(Count));
}

enum { FIRST, SECOND, COUNTS, SLOTS, BUFFERS };

/* (first, second, counts or None for one each, first row, mixer, slots, number of keys): adds the counts of keys. Gives
   the next row and the number of keys. */
PyObject *count_keys(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Keys keys = {0};
    Table table = {0};
    unsigned long long mixer;
    if (!PyArg_ParseTuple(args, "y*y*z*nKw*n", &of[FIRST], &of[SECOND], &of[COUNTS], &keys.row, &mixer, &of[SLOTS],
                          &table.count))
        return NULL;
    keys.rows = of[FIRST].len / 8;
    keys.first = of[FIRST].buf, keys.second = of[SECOND].buf, keys.counts = of[COUNTS].buf;
    table.slots = of[SLOTS].buf;
    table.mixer = mixer;
    table.last = (uint64_t)of[SLOTS].len / sizeof(Count) - 1;
    const char *fault = NULL;
    if (!holds(&of[FIRST], keys.rows, 8) || !holds(&of[SECOND], keys.rows, 8) || keys.row < 0 ||
        (keys.counts && !holds(&of[COUNTS], keys.rows, 8)))
        fault = "the columns do not hold the rows";
    else if (!is_table(&of[SLOTS]) || table.count < 0 || (uint64_t)table.count > (table.last + 1) / LEAST_EMPTY)
        fault = "the slots are no table of counts";
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        add_rows(&table, &keys);
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < BUFFERS; each++) PyBuffer_Release(&of[each]);
    if (fault) return PyErr_SetString(PyExc_ValueError, fault), NULL;
    return Py_BuildValue("nn", keys.row, table.count);
}

/* (slots, mixer, larger slots): puts all keys into the larger slots, which must be empty. */
PyObject *move_keys(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[2] = {{0}};
    unsigned long long mixer;
    if (!PyArg_ParseTuple(args, "y*Kw*", &of[0], &mixer, &of[1])) return NULL;
    const Count *from = of[0].buf;
    Table table = {.slots = of[1].buf, .mixer = mixer, .last = (uint64_t)of[1].len / sizeof(Count) - 1};
    uint64_t count = (uint64_t)of[0].len / sizeof(Count);
    bool room = is_table(&of[0]) && is_table(&of[1]) && count <= table.last;
    if (room) {
        Py_BEGIN_ALLOW_THREADS;
        for (uint64_t each = 0; each < count; each++) {
            if (!from[each].count) continue;
            uint64_t place = place_of(&table, from[each].first, from[each].second);
            *slot_of(&table, place, from[each].first, from[each].second) = from[each];
        }
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < 2; each++) PyBuffer_Release(&of[each]);
    if (!room) return PyErr_SetString(PyExc_ValueError, "there are too few slots"), NULL;
    Py_RETURN_NONE;
}
