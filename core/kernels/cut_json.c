/* Lines that are JSON objects -> the texts at paths of keys. A line is sure only if it is strict JSON without escaped or
   duplicate keys; NaN, Infinity and -Infinity, as Python and DuckDB write them, are read as null. The plan, made by logcorr/formats/json_plan.py, is a graph: edges lead from object to value. */

#include "cut_escapes.h"
#include "cut_keys.h"

enum { DEEPEST = 64, NODE_FIELDS = 3, EDGE_FIELDS = 7, ROOT = 0, NOWHERE = -1 };
enum { BY_KEY, BY_INDEX, BY_STAR };

typedef struct {
    int64_t first_edge, edge_count, strange; /* strange: an array here has an index that is no plain number */
} Node;

/* `number` is where a key begins in the keys, or an index. The slots from `first_slot` on get the value. Edges of one
   node whose bits are in `rivals` must not both be there. */
typedef struct {
    int64_t kind, number, bytes, child, first_slot, slot_count;
    uint64_t rivals;
} Edge;

typedef struct {
    const Node *nodes;
    const Edge *edges;
    const uint8_t *keys;
    const int32_t *slots;
    int64_t node_count, edge_count, key_bytes, slot_count;
} Plan;

/* The state of reading. `at` moves through a line. */
typedef struct {
    const Plan *plan;
    Cells *cells;
    Keys known;
    const uint8_t *text, *text_end, *at, *end;
    Py_ssize_t row;
    bool full; /* there was no room for a key */
} Reader;

static bool read_value(Reader *reader, int64_t edge, int depth, int32_t *first);

static inline void skip(Reader *reader) { reader->at = skip_blanks(reader->at, reader->end); }

static inline bool take(Reader *reader, uint8_t byte) {
    if (reader->at == reader->end || *reader->at != byte) return false;
    reader->at++;
    return true;
}

/* Gives a value to the slots of an edge. Of the elements of an array, the first that has the rest of a path counts. */
static bool give(Reader *reader, const Edge *edge, const uint8_t *begin, const uint8_t *end, int type) {
    for (int64_t each = 0; each < edge->slot_count; each++) {
        int32_t slot = reader->plan->slots[edge->first_slot + each];
        int old = reader->cells->type[slot * reader->cells->rows + reader->row];
        if (old != MISSING) {
            if (old == NONE || type == NONE) return false;
            continue;
        }
        set_cell(reader->cells, reader->text, reader->row, slot, begin, end, type);
    }
    return true;
}

/* Moves past a string whose first quote was read. Gives its type, or MISSING if it is none. */
static inline int read_string(Reader *reader, const uint8_t **begin, const uint8_t **end) {
    int type = STRING;
    const uint8_t *at = *begin = reader->at;
    for (;;) {
        at = string_end(at, reader->end, reader->text_end, '"');
        if (at == reader->end) return MISSING;
        if (*at == '"') break;
        if (*at != '\\') return MISSING;
        type = ESCAPED;
        at = skip_escape(at, reader->end);
        if (!at) return MISSING;
    }
    *end = at;
    reader->at = at + 1;
    return type;
}

static inline const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end) {
    while (at < end && (unsigned)(*at - '0') <= 9) at++;
    return at;
}

/* The end of a number by the grammar of JSON, or NULL. */
static inline const uint8_t *number_end(const uint8_t *at, const uint8_t *end) {
    if (at < end && *at == '-') at++;
    const uint8_t *digits = at;
    at = skip_digits(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1)) return NULL;
    if (at < end && *at == '.') {
        digits = ++at;
        at = skip_digits(at, end);
        if (at == digits) return NULL;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        digits = at;
        at = skip_digits(at, end);
        if (at == digits) return NULL;
    }
    return at;
}

static inline int read_word(Reader *reader, const char *word, Py_ssize_t bytes, int type) {
    if (reader->end - reader->at < bytes || memcmp(reader->at, word, (size_t)bytes)) return MISSING;
    reader->at += bytes;
    return type;
}

/* Moves past a value that is no object or array. Gives its bounds and its type, or MISSING if it is none. */
static inline int read_plain(Reader *reader, const uint8_t **begin, const uint8_t **end) {
    int type;
    *begin = reader->at;
    switch (*reader->at) {
    case '"': reader->at++; return read_string(reader, begin, end);
    case 't': type = read_word(reader, "true", 4, BOOLEAN); break;
    case 'f': type = read_word(reader, "false", 5, BOOLEAN); break;
    case 'n': type = read_word(reader, "null", 4, NONE); break;
    case 'N': type = read_word(reader, "NaN", 3, NONE); break;
    case 'I': type = read_word(reader, "Infinity", 8, NONE); break;
    default: {
        type = read_word(reader, "-Infinity", 9, NONE);
        if (type != MISSING) break;
        const uint8_t *after = number_end(reader->at, reader->end);
        type = after ? NUMBER : MISSING;
        if (after) reader->at = after;
    }
    }
    *end = reader->at;
    return type;
}

/* The edge of a node that a key leads along, or -1. */
static int32_t edge_of(const Plan *plan, int32_t node, const uint8_t *key, Py_ssize_t bytes) {
    const Node *from = &plan->nodes[node];
    for (int64_t each = from->first_edge; each < from->first_edge + from->edge_count; each++) {
        const Edge *edge = &plan->edges[each];
        if (edge->kind == BY_KEY && edge->bytes == bytes && !memcmp(plan->keys + edge->number, key, (size_t)bytes))
            return (int32_t)each;
    }
    return NOWHERE;
}

/* Moves past a key whose first quote was read, and gives its number; NO_KEY if the line is not sure. */
static inline int32_t read_key(Reader *reader, int32_t place, int32_t *expected) {
    Keys *known = &reader->known;
    if (*expected != NO_KEY && begins_with_key(&known->keys[*expected], place, reader->at, reader->end)) {
        reader->at += known->keys[*expected].bytes + 1;
        return *expected;
    }
    const uint8_t *begin, *end;
    bool is_new;
    if (read_string(reader, &begin, &end) != STRING) return NO_KEY;
    int32_t key = find_key(known, begin, end - begin, place, &is_new);
    if (key == NO_KEY) {
        reader->full = true;
        return NO_KEY;
    }
    if (is_new && place < reader->plan->node_count)
        known->keys[key].edge = edge_of(reader->plan, place, begin, end - begin);
    *expected = key;
    return key;
}

/* Moves past an object whose first brace was read. */
static bool read_object(Reader *reader, int64_t node, int depth, int32_t *expected) {
    const Plan *plan = reader->plan;
    int32_t place = (int32_t)(node == NOWHERE ? plan->node_count + depth : node);
    uint64_t object = ++reader->known.objects, met = 0;
    skip(reader);
    if (take(reader, '}')) return true;
    for (;;) {
        if (!take(reader, '"')) return false;
        int32_t number = read_key(reader, place, expected);
        if (number == NO_KEY) return false;
        Key *key = &reader->known.keys[number];
        if (key->object == object) return false;
        key->object = object;
        if (key->edge != NOWHERE) {
            if (met & plan->edges[key->edge].rivals) return false;
            met |= (uint64_t)1 << (key->edge - plan->nodes[node].first_edge);
        }
        skip(reader);
        if (!take(reader, ':')) return false;
        if (!read_value(reader, key->edge, depth, &key->first)) return false;
        if (take(reader, '}')) return true;
        if (!take(reader, ',')) return false;
        skip(reader);
        expected = &key->next;
    }
}

/* The edge to an element of an array, or NOWHERE. A node has edges for single indexes before that for all others. */
static int64_t edge_to_element(const Plan *plan, int64_t node, int64_t index) {
    if (node == NOWHERE) return NOWHERE;
    const Node *from = &plan->nodes[node];
    for (int64_t each = from->first_edge; each < from->first_edge + from->edge_count; each++) {
        const Edge *edge = &plan->edges[each];
        if (edge->kind == BY_STAR || (edge->kind == BY_INDEX && edge->number == index)) return each;
    }
    return NOWHERE;
}

/* Moves past an array whose first bracket was read. */
static bool read_array(Reader *reader, int64_t node, int depth, int32_t *first) {
    if (node != NOWHERE && reader->plan->nodes[node].strange) return false;
    skip(reader);
    if (take(reader, ']')) return true;
    for (int64_t index = 0;; index++) {
        if (!read_value(reader, edge_to_element(reader->plan, node, index), depth, first)) return false;
        if (take(reader, ']')) return true;
        if (!take(reader, ',')) return false;
    }
}

/* Moves past a value and the blanks around it. `first` is the key that an object in it is expected to begin with. */
static bool read_value(Reader *reader, int64_t number, int depth, int32_t *first) {
    const Edge *edge = number == NOWHERE ? NULL : &reader->plan->edges[number];
    skip(reader);
    if (reader->at == reader->end) return false;
    const uint8_t *begin = reader->at, *end;
    int type;
    if (*begin == '{' || *begin == '[') {
        if (depth == DEEPEST) return false;
        reader->at++;
        int64_t node = edge ? edge->child : NOWHERE;
        bool sound = *begin == '{' ? read_object(reader, node, depth + 1, first)
                                   : read_array(reader, node, depth + 1, first);
        if (!sound) return false;
        type = *begin == '{' ? OBJECT : ARRAY;
        end = reader->at;
    } else {
        type = read_plain(reader, &begin, &end);
        if (type == MISSING) return false;
    }
    if (edge && edge->slot_count && !give(reader, edge, begin, end, type)) return false;
    skip(reader);
    return true;
}

static int read_line(Reader *reader) {
    skip(reader);
    if (reader->at == reader->end) return BLANK;
    if (*reader->at != '{') return *reader->at == ESCAPE_BYTE ? UNSURE : OTHER;
    clear_row(reader->cells, reader->row);
    reader->at++;
    if (!read_object(reader, ROOT, 0, &reader->known.first)) return UNSURE;
    skip(reader);
    return reader->at == reader->end ? SURE : UNSURE;
}

static const char *read_lines(const Plan *plan, const Spans *spans, Cells *cells) {
    Reader reader = {.plan = plan, .cells = cells, .text = spans->text, .text_end = spans->text_end};
    const char *fault = make_keys(&reader.known) ? NULL : "there is no memory for the keys";
    for (; !fault && reader.row < spans->rows; reader.row++) {
        if (!row_bounds(spans, reader.row, &reader.at, &reader.end)) {
            fault = CUT_OUTSIDE;
            break;
        }
        set_state(cells, reader.row, read_line(&reader));
        if (reader.full) {
            forget_keys(&reader.known);
            reader.full = false;
        }
    }
    free_keys(&reader.known);
    return fault;
}

/* Whether every number of a plan lies within its arrays. */
static bool sound_plan(const Plan *plan, Py_ssize_t slots) {
    if (plan->node_count < 1 || plan->node_count > INT16_MAX || plan->edge_count > INT16_MAX) return false;
    for (int64_t each = 0; each < plan->node_count; each++) {
        const Node *node = &plan->nodes[each];
        if (node->first_edge < 0 || node->edge_count < 0 || node->edge_count > 64 ||
            node->first_edge > plan->edge_count - node->edge_count)
            return false;
    }
    for (int64_t each = 0; each < plan->edge_count; each++) {
        const Edge *edge = &plan->edges[each];
        bool key = edge->kind != BY_KEY || (edge->number >= 0 && edge->bytes >= 0 && edge->bytes <= plan->key_bytes &&
                                            edge->number <= plan->key_bytes - edge->bytes);
        bool given = edge->first_slot >= 0 && edge->slot_count >= 0 && edge->slot_count <= plan->slot_count &&
                     edge->first_slot <= plan->slot_count - edge->slot_count;
        if (!key || !given || edge->child < NOWHERE || edge->child >= plan->node_count) return false;
    }
    for (int64_t each = 0; each < plan->slot_count; each++)
        if (plan->slots[each] < 0 || plan->slots[each] >= slots) return false;
    return true;
}

enum { TEXT, BEGIN, END, NODES, EDGES, KEYS, SLOTS, CELL_BEGIN, CELL_END, CELL_TYPE, STATE, BUFFERS };

/* (text, begin, end, nodes, edges, keys, slots, slot count, four arrays to write): see logcorr/formats/cut_kernel.py. */
PyObject *cut_json(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    Py_ssize_t slots;
    Spans spans;
    Cells cells;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*nw*w*w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[NODES], &of[EDGES],
                          &of[KEYS], &of[SLOTS], &slots, &of[CELL_BEGIN], &of[CELL_END], &of[CELL_TYPE], &of[STATE]))
        return NULL;
    Plan plan = {.nodes = of[NODES].buf,
                 .edges = of[EDGES].buf,
                 .keys = of[KEYS].buf,
                 .slots = of[SLOTS].buf,
                 .node_count = of[NODES].len / (8 * NODE_FIELDS),
                 .edge_count = of[EDGES].len / (8 * EDGE_FIELDS),
                 .key_bytes = of[KEYS].len,
                 .slot_count = of[SLOTS].len / 4};
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && (slots < 0 || slots > MOST_SLOTS || !holds(&of[NODES], 0, 8) || !holds(&of[EDGES], 0, 8) ||
                   !holds(&of[SLOTS], 0, 4) || !sound_plan(&plan, slots)))
        fault = "no plan of paths";
    if (!fault && !read_cells(&cells, spans.rows, slots, &of[CELL_BEGIN], &of[CELL_END], &of[CELL_TYPE], &of[STATE]))
        fault = CUT_SHORT;
    if (!fault) {
        Py_BEGIN_ALLOW_THREADS;
        fault = read_lines(&plan, &spans, &cells);
        Py_END_ALLOW_THREADS;
    }
    return done(of, BUFFERS, fault);
}
