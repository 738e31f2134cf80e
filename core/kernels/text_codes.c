/* Cells -> codes: the number of each text in a table of different texts, which logcorr/compute/text_codes.py owns and
   enlarges. */

#include "cut.h"
#include "tables.h"

enum { NO_TEXT = EMPTY_SLOT, AHEAD = 16 };

/* The texts behind each other; `ends` has where each begins, and then the end of the last. The first text is the empty
   one of NO_TEXT. At least half of the slots are empty. */
typedef struct {
    Slot *slots;
    int64_t *ends;
    uint8_t *texts;
    uint64_t last_slot, mixer;
    Py_ssize_t count, capacity, text_capacity;
} Table;

/* The cells of a row that is soon looked up. */
typedef struct {
    const uint8_t *begin;
    Py_ssize_t bytes;
    uint32_t hash;
    bool none;
} Wanted;

typedef struct {
    Spans spans;
    const uint8_t *type;
    unsigned nulls;
    uint32_t *codes;
    Py_ssize_t row;
} Column;

static inline bool same(const Table *table, uint32_t code, const Wanted *wanted) {
    int64_t begin = table->ends[code], end = table->ends[code + 1];
    return end - begin == wanted->bytes && same_bytes(table->texts + begin, wanted->begin, wanted->bytes);
}

/* The slot of a text, or the empty slot for it. */
static inline Slot *slot_of(const Table *table, const Wanted *wanted) {
    uint64_t slot = wanted->hash & table->last_slot;
    while (table->slots[slot].place != NO_TEXT &&
           (table->slots[slot].hash != wanted->hash || !same(table, table->slots[slot].place, wanted)))
        slot = (slot + 1) & table->last_slot;
    return &table->slots[slot];
}

/* False if there is no room. */
static inline bool add_text(Table *table, Slot *slot, const Wanted *wanted) {
    int64_t used = table->ends[table->count];
    if (table->count == table->capacity || wanted->bytes > table->text_capacity - used) return false;
    memcpy(table->texts + used, wanted->begin, (size_t)wanted->bytes);
    table->ends[table->count + 1] = used + wanted->bytes;
    *slot = (Slot){.place = (uint32_t)table->count++, .hash = wanted->hash};
    return true;
}

/* Codes rows until there is no room for a new text. `row` is then the row of this text. */
static const char *code_rows(Table *table, Column *column) {
    Wanted wanted[AHEAD];
    while (column->row < column->spans.rows) {
        Py_ssize_t left = column->spans.rows - column->row, rows = left < AHEAD ? left : AHEAD;
        for (Py_ssize_t each = 0; each < rows; each++) {
            const uint8_t *end;
            Wanted *one = &wanted[each];
            if (!row_bounds(&column->spans, column->row + each, &one->begin, &end)) return CUT_OUTSIDE;
            uint8_t type = column->type[column->row + each];
            one->none = type >= TYPES || column->nulls >> type & 1;
            if (one->none) continue;
            one->bytes = end - one->begin;
            one->hash = hash_of(one->begin, one->bytes, table->mixer);
            prefetch(&table->slots[one->hash & table->last_slot]);
        }
        for (Py_ssize_t each = 0; each < rows; each++)
            if (!wanted[each].none) prefetch(&table->ends[table->slots[wanted[each].hash & table->last_slot].place]);
        for (Py_ssize_t each = 0; each < rows; each++)
            if (!wanted[each].none)
                prefetch(table->texts + table->ends[table->slots[wanted[each].hash & table->last_slot].place]);
        for (Py_ssize_t each = 0; each < rows; each++, column->row++) {
            uint32_t code = NO_TEXT;
            if (!wanted[each].none) {
                Slot *slot = slot_of(table, &wanted[each]);
                if (slot->place == NO_TEXT && !add_text(table, slot, &wanted[each])) return NULL;
                code = slot->place;
            }
            column->codes[column->row] = code;
        }
    }
    return NULL;
}

enum { TEXT, BEGIN, END, TYPE, CODES, SLOTS, ENDS, TEXTS, BUFFERS };

/* Gives what is wrong with the arrays of a table, or NULL. */
static const char *read_table(Table *table, const Py_buffer *of) {
    static const char *const NO_TABLE = "the arrays are no table of texts";
    table->slots = of[SLOTS].buf, table->ends = of[ENDS].buf, table->texts = of[TEXTS].buf;
    table->last_slot = (uint64_t)of[SLOTS].len / sizeof(Slot) - 1;
    table->capacity = of[ENDS].len / 8 - 1;
    table->text_capacity = of[TEXTS].len;
    if (!holds(&of[ENDS], 2, 8) || !are_slots(&of[SLOTS], table->capacity)) return NO_TABLE;
    if (table->count <= NO_TEXT || table->count > table->capacity || table->capacity >= INT32_MAX) return NO_TABLE;
    int64_t used = table->ends[table->count];
    return used < 0 || used > table->text_capacity ? NO_TABLE : NULL;
}

/* (text, begin, end, type, bits of the types that are null, codes, first row, mixer, (slots, ends, texts), number of
   texts): writes the codes as uint32. Gives the next row and the number of texts. */
PyObject *text_codes(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Column column = {0};
    Table table = {0};
    unsigned long long mixer;
    if (!PyArg_ParseTuple(args, "y*y*y*y*Iw*nK(w*w*w*)n", &of[TEXT], &of[BEGIN], &of[END], &of[TYPE], &column.nulls,
                          &of[CODES], &column.row, &mixer, &of[SLOTS], &of[ENDS], &of[TEXTS], &table.count))
        return NULL;
    table.mixer = mixer;
    column.type = of[TYPE].buf;
    column.codes = of[CODES].buf;
    const char *fault = read_spans(&column.spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && (!holds(&of[TYPE], column.spans.rows, 1) || !holds(&of[CODES], column.spans.rows, 4) || column.row < 0))
        fault = CUT_SHORT;
    if (!fault) fault = read_table(&table, of);
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = code_rows(&table, &column);
        Py_END_ALLOW_THREADS;
    }
    PyObject *none = done(of, BUFFERS, fault);
    Py_XDECREF(none);
    return none ? Py_BuildValue("nn", column.row, table.count) : NULL;
}

/* (slots, larger slots): puts all texts into the larger slots, which must be empty. */
PyObject *move_slots(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[2] = {{0}};
    if (!PyArg_ParseTuple(args, "y*w*", &of[0], &of[1])) return NULL;
    const Slot *from = of[0].buf;
    Slot *to = of[1].buf;
    uint64_t count = (uint64_t)of[0].len / sizeof(Slot), last = (uint64_t)of[1].len / sizeof(Slot) - 1;
    const char *fault = "there are too few slots";
    if (holds(&of[0], 0, 4) && are_slots(&of[1], 1) && count <= last) {
        fault = NULL;
        Py_BEGIN_ALLOW_THREADS;
        for (uint64_t each = 0; each < count; each++) {
            if (from[each].place == EMPTY_SLOT) continue;
            uint64_t slot = from[each].hash & last;
            while (to[slot].place != EMPTY_SLOT) slot = (slot + 1) & last;
            to[slot] = from[each];
        }
        Py_END_ALLOW_THREADS;
    }
    return done(of, 2, fault);
}
