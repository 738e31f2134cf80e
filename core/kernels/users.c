/* Counts requests and errors by user, in tables that logcorr/figures/user_table.py owns and enlarges. */

#include "tables.h"
#include "views.h"

enum { NO_USER = EMPTY_SLOT, BATCH = 32 };

/* A user: the name and the counts together. A short name is in `text`. A longer name is in the table's `texts`, and
   `text` has its position there. */
typedef struct {
    uint32_t bytes;
    uint8_t text[INLINE_BYTES];
    uint32_t requests, errors;
} User;

/* The users in order of their first exchange. The first item counts exchanges without a user. At least half of
   the slots are empty. */
typedef struct {
    User *users;
    Slot *slots;
    uint8_t *texts;
    uint64_t last_slot, mixer;
    Py_ssize_t count, capacity, text_bytes, text_capacity;
} Table;

typedef struct {
    const uint8_t *views, *present;
    const int16_t *status;
    Py_buffer *texts;
    Py_ssize_t text_count, offset, row, rows;
} Exchanges;

/* The user of one of the next exchanges; none if `text` is NULL. */
typedef struct {
    const uint8_t *text;
    Py_ssize_t bytes;
    uint32_t hash;
} Wanted;

typedef enum { COUNTED, FULL, WRONG } Outcome;

/* The name of a user: in the user itself, or in the texts of the table. */
static inline const uint8_t *name_of(const Table *table, const User *user) {
    uint64_t begin;
    if (user->bytes <= INLINE_BYTES) return user->text;
    memcpy(&begin, user->text, sizeof begin);
    return table->texts + begin;
}

static inline bool is_user(const Table *table, Slot slot, const Wanted *wanted) {
    if (slot.hash != wanted->hash) return false;
    const User *user = &table->users[slot.place];
    return user->bytes == wanted->bytes && !memcmp(name_of(table, user), wanted->text, (size_t)wanted->bytes);
}

/* The slot of a user, or the empty slot for it. There always is an empty slot. */
static inline Slot *slot_of(const Table *table, const Wanted *wanted) {
    uint64_t slot = wanted->hash & table->last_slot;
    while (table->slots[slot].place != NO_USER && !is_user(table, table->slots[slot], wanted))
        slot = (slot + 1) & table->last_slot;
    return &table->slots[slot];
}

static bool add_user(Table *table, Slot *slot, const Wanted *wanted) {
    if (table->count == table->capacity) return false;
    User *user = &table->users[table->count];
    *user = (User){.bytes = (uint32_t)wanted->bytes};
    if (wanted->bytes <= INLINE_BYTES) {
        memcpy(user->text, wanted->text, (size_t)wanted->bytes);
    } else {
        if (wanted->bytes > table->text_capacity - table->text_bytes) return false;
        uint64_t begin = (uint64_t)table->text_bytes;
        memcpy(user->text, &begin, sizeof begin);
        memcpy(table->texts + table->text_bytes, wanted->text, (size_t)wanted->bytes);
        table->text_bytes += wanted->bytes;
    }
    *slot = (Slot){.place = (uint32_t)table->count++, .hash = wanted->hash};
    return true;
}

/* Hashes the users of the next exchanges, and prefetches their slots and counts from memory. */
static bool look_ahead(const Table *table, const Exchanges *of, Py_ssize_t rows, Wanted *wanted) {
    for (Py_ssize_t each = 0; each < rows; each++) {
        Py_ssize_t row = of->offset + of->row + each;
        wanted[each] = (Wanted){0};
        if (!is_present(of->present, row)) continue;
        const uint8_t *view = of->views + VIEW_BYTES * row;
        wanted[each].text = text_of(view, of->texts, of->text_count, &wanted[each].bytes);
        if (!wanted[each].text) return false;
        wanted[each].hash = hash_of(wanted[each].text, wanted[each].bytes, table->mixer);
        prefetch(&table->slots[wanted[each].hash & table->last_slot]);
    }
    for (Py_ssize_t each = 0; each < rows; each++)
        prefetch(&table->users[table->slots[wanted[each].hash & table->last_slot].place]);
    return true;
}

/* Counts exchanges until there is no room for a new user. `row` is then the row of this user's exchange. */
static Outcome count(Table *table, Exchanges *of) {
    Wanted wanted[BATCH];
    while (of->row < of->rows) {
        Py_ssize_t rows = of->rows - of->row < BATCH ? of->rows - of->row : BATCH;
        if (!look_ahead(table, of, rows, wanted)) return WRONG;
        for (Py_ssize_t each = 0; each < rows; each++, of->row++) {
            uint32_t place = NO_USER;
            if (wanted[each].text) {
                Slot *slot = slot_of(table, &wanted[each]);
                if (slot->place == NO_USER && !add_user(table, slot, &wanted[each])) return FULL;
                place = slot->place;
            }
            int16_t status = of->status[of->row];
            table->users[place].requests++;
            table->users[place].errors += status >= 400 || status < 100;
        }
    }
    return COUNTED;
}

enum { SLOTS, USERS, TEXTS, ARRAYS };

/* Reads a table from its arrays; false with an error set if they hold no table. */
static bool read_table(Table *table, const Py_buffer *of) {
    table->slots = of[SLOTS].buf, table->users = of[USERS].buf, table->texts = of[TEXTS].buf;
    table->last_slot = (uint64_t)of[SLOTS].len / sizeof(Slot) - 1;
    table->capacity = of[USERS].len / (Py_ssize_t)sizeof(User);
    table->text_capacity = of[TEXTS].len;
    bool some = table->count > NO_USER && table->count <= table->capacity && table->capacity < INT32_MAX;
    bool texts = table->text_bytes >= 0 && table->text_bytes <= table->text_capacity;
    if (some && texts && are_slots(&of[SLOTS], table->capacity) && holds(&of[USERS], 0, 4)) return true;
    return PyErr_SetString(PyExc_ValueError, "the arrays are no table of users"), false;
}

static bool holds_rows(const Exchanges *of, const Py_buffer *views, const Py_buffer *present,
                       const Py_buffer *status) {
    if (of->offset < 0 || of->offset > views->len || of->row < 0) return false;
    Py_ssize_t last = of->offset + of->rows;
    bool known = !present->buf || present->len >= last / 8 + (last % 8 != 0);
    return known && holds(status, of->rows, 2) && views->len / VIEW_BYTES >= last;
}

static void release(Py_buffer *of, int count) {
    for (int each = 0; each < count; each++) PyBuffer_Release(&of[each]);
}

/* ((present or None, views, texts, offset), statuses, first row, mixer, (slots, users, texts), number of users, bytes
   of texts) -> the next row, number of users, bytes of texts. */
PyObject *count_users(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer arrays[ARRAYS] = {{0}}, present = {0}, views = {0}, status = {0};
    Exchanges of = {0};
    Table table = {0};
    PyObject *texts, *result = NULL;
    unsigned long long mixer;
    if (!PyArg_ParseTuple(args, "(z*y*O!n)y*nK(w*w*w*)nn", &present, &views, &PyTuple_Type, &texts, &of.offset, &status,
                          &of.row, &mixer, &arrays[SLOTS], &arrays[USERS], &arrays[TEXTS], &table.count,
                          &table.text_bytes))
        return NULL;
    table.mixer = mixer;
    of.rows = status.len / 2;
    of.views = views.buf, of.present = present.buf, of.status = status.buf;
    if (!holds_rows(&of, &views, &present, &status)) {
        PyErr_SetString(PyExc_ValueError, "the columns do not hold the rows");
    } else if (read_table(&table, arrays) && (of.texts = read_texts(texts, &of.text_count))) {
        Outcome outcome;
        Py_BEGIN_ALLOW_THREADS;
        outcome = count(&table, &of);
        Py_END_ALLOW_THREADS;
        if (outcome == WRONG)
            PyErr_SetString(PyExc_ValueError, "a text lies outside of its column");
        else
            result = Py_BuildValue("nnn", of.row, table.count, table.text_bytes);
        release_texts(of.texts, of.text_count);
    }
    release(arrays, ARRAYS);
    PyBuffer_Release(&present);
    PyBuffer_Release(&views);
    PyBuffer_Release(&status);
    return result;
}

/* (users, texts, names): writes the names of all users, one after the other. Their lengths are in the users. */
PyObject *name_users(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[2] = {{0}}, names = {0};
    if (!PyArg_ParseTuple(args, "y*y*w*", &of[0], &of[1], &names)) return NULL;
    Table table = {.users = of[0].buf, .texts = of[1].buf};
    uint8_t *to = names.buf, *end = to + names.len;
    Py_ssize_t users = of[0].len / (Py_ssize_t)sizeof(User);
    bool room = true;
    for (Py_ssize_t each = 0; room && each < users; each++) {
        const User *user = &table.users[each];
        room = end - to >= (Py_ssize_t)user->bytes;
        if (room) memcpy(to, name_of(&table, user), user->bytes);
        to += user->bytes;
    }
    release(of, 2);
    PyBuffer_Release(&names);
    if (!room) return PyErr_SetString(PyExc_ValueError, "the names are longer"), NULL;
    return Py_NewRef(Py_None);
}
