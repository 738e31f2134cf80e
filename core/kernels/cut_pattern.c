/* Texts -> the groups of the first of several patterns that matches a text. */

#include "cut_machine.h"

enum { NO_RULE = 255, MOST_RULES = 64 };

enum { CODE_BUFFER, LITERALS, CLASSES, SETS, SLOTS, RULE_BUFFERS };

/* A pattern, the slot of each of its groups or -1, and whether it may match anywhere in a text. The first `shared` codes
   are those of the rule before, if `follows`, and else those of the rules after it that follow. */
typedef struct {
    Program program;
    const int32_t *slots;
    Py_ssize_t groups;
    int anywhere, shared, follows;
    Py_buffer buffers[RULE_BUFFERS];
} Rule;

typedef struct {
    Rule rules[MOST_RULES];
    int count;
} Rules;

static inline bool is_set(const Program *program, int32_t set) { return set >= -1 && set < program->set_count; }

/* The operand that says where to go must be a code; all codes but the last go on to the next. */
static bool sound_code(const Program *program, const Code *code, Py_ssize_t groups) {
    switch (code->code) {
    case BYTES:
        return code->a >= 0 && code->b >= 0 && code->b <= program->literal_bytes &&
               code->a <= program->literal_bytes - code->b;
    case EITHER:
        return code->a >= 0 && code->a < program->code_count && code->b >= 0 && code->b < program->code_count &&
               is_set(program, code->c) && is_set(program, code->d);
    case GO_TO: return code->a >= 0 && code->a < program->code_count;
    case MARK: return code->a >= 0 && code->a < 2 * groups;
    case CLASS: return code->a >= 0 && code->a < program->class_count;
    case REPEAT:
        return code->a >= 0 && code->a < program->class_count && code->b >= 0 && (code->c == -1 || code->c >= code->b) &&
               code->d >= 0 && code->d < MODES && is_set(program, code->e);
    default: return code->code >= 0 && code->code < CODES;
    }
}

static bool sound_rule(const Rule *rule, Py_ssize_t slots) {
    const Program *program = &rule->program;
    if (!program->code_count || program->code_count > INT16_MAX || rule->groups > MOST_MARKS / 2) return false;
    if (!holds(&rule->buffers[CODE_BUFFER], 0, 4) || !holds(&rule->buffers[SLOTS], 0, 4)) return false;
    if (rule->shared < 0 || rule->shared >= program->code_count) return false;
    if (program->codes[program->code_count - 1].code != MATCH) return false;
    for (Py_ssize_t each = 0; each < program->code_count; each++)
        if (!sound_code(program, &program->codes[each], rule->groups)) return false;
    for (Py_ssize_t each = 0; each < program->class_count * CLASS_BYTES; each++)
        if (program->classes[each] >= ANSWERS) return false;
    for (Py_ssize_t each = 0; each < rule->groups; each++)
        if (rule->slots[each] < -1 || rule->slots[each] >= slots) return false;
    return true;
}

static void release_rules(Rules *rules) {
    for (int each = 0; each < rules->count; each++)
        for (int buffer = 0; buffer < RULE_BUFFERS; buffer++) PyBuffer_Release(&rules->rules[each].buffers[buffer]);
    free(rules);
}

/* Reads a rule, (codes, literals, classes, sets, slots, anywhere, shared, follows). False with an error set if it is none. */
static bool read_rule(Rule *rule, PyObject *given, Py_ssize_t slots) {
    Py_buffer *of = rule->buffers;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a rule is a tuple");
        return false;
    }
    if (!PyArg_ParseTuple(given, "y*y*y*y*y*pip", &of[CODE_BUFFER], &of[LITERALS], &of[CLASSES], &of[SETS], &of[SLOTS],
                          &rule->anywhere, &rule->shared, &rule->follows))
        return false;
    rule->program = (Program){.codes = of[CODE_BUFFER].buf,
                              .code_count = of[CODE_BUFFER].len / (Py_ssize_t)sizeof(Code),
                              .literals = of[LITERALS].buf,
                              .literal_bytes = of[LITERALS].len,
                              .classes = of[CLASSES].buf,
                              .class_count = of[CLASSES].len / CLASS_BYTES,
                              .sets = of[SETS].buf,
                              .set_count = of[SETS].len / SET_BYTES};
    rule->slots = of[SLOTS].buf;
    rule->groups = of[SLOTS].len / 4;
    rule->program.mark_count = 2 * rule->groups;
    if (sound_rule(rule, slots)) return true;
    for (int buffer = 0; buffer < RULE_BUFFERS; buffer++) PyBuffer_Release(&of[buffer]);
    PyErr_SetString(PyExc_ValueError, "no program of a pattern");
    return false;
}

/* The rules of a tuple; NULL with an error set if an item is none. */
static Rules *read_rules(PyObject *given, Py_ssize_t slots) {
    Rules *rules = calloc(1, sizeof *rules);
    if (!rules) return (Rules *)PyErr_NoMemory();
    Py_ssize_t count = PyTuple_Size(given);
    if (count > MOST_RULES) {
        PyErr_SetString(PyExc_ValueError, "too many rules");
        count = -1;
    }
    while (rules->count < count && read_rule(&rules->rules[rules->count], PyTuple_GetItem(given, rules->count), slots))
        rules->count++;
    if (rules->count == count) return rules;
    release_rules(rules);
    return NULL;
}

/* Whether a rule matches anywhere in a text. */
static bool fits_anywhere(Machine *machine) {
    for (const uint8_t *at = machine->begin;; at++) {
        if (matches_at(machine, at)) return true;
        if (machine->unsure) return false;
        while (at < machine->end && at + 1 < machine->end && (at[1] & 0xc0) == 0x80) at++;
        if (at >= machine->end) return false;
    }
}

/* Whether a rule matches a text. Where the codes that rules share can match in one way at most, they run once. */
static bool fits(Machine *machine, const Rule *rule) {
    machine->program = &rule->program;
    machine->text++;
    if (!rule->follows || !rule->shared) {
        machine->noted_code = rule->shared && !rule->anywhere ? rule->shared : -1;
        machine->noted_at = NULL;
        machine->noted_only = true;
        return rule->anywhere ? fits_anywhere(machine) : matches_at(machine, machine->begin);
    }
    machine->noted_code = -1;
    if (!machine->noted_only) return matches_at(machine, machine->begin);
    if (!machine->noted_at) return false;
    return matches_from_note(machine, rule->shared);
}

/* Tries the rules on a text, and gives its state. */
static int read_row(Machine *machine, const Rules *rules, const uint8_t *text, Py_ssize_t row, Cells *cells,
                    uint8_t *taken) {
    clear_row(cells, row);
    machine->steps = MOST_STEPS;
    machine->unsure = false;
    machine->noted_at = NULL;
    machine->noted_only = true;
    for (int each = 0; each < rules->count; each++) {
        const Rule *rule = &rules->rules[each];
        if (fits(machine, rule)) {
            taken[row] = (uint8_t)each;
            for (Py_ssize_t group = 0; group < rule->groups; group++) {
                const uint8_t *const *mark = &machine->marks[2 * group];
                if (rule->slots[group] >= 0 && mark[0] && mark[1])
                    set_cell(cells, text, row, rule->slots[group], mark[0], mark[1], BARE);
            }
            return SURE;
        }
        if (machine->unsure) return UNSURE;
    }
    return SURE;
}

/* `among` has for each row whether it is to be read. A text may be blank, a line may not. */
static const char *read_rows(const Rules *rules, const Spans *spans, const uint8_t *among, int lines, Cells *cells,
                             uint8_t *taken) {
    bool escapes = has_byte(spans->text, spans->text_end, ESCAPE_BYTE);
    Machine machine;
    memset(&machine, 0, sizeof machine);
    for (Py_ssize_t row = 0; row < spans->rows; row++) {
        taken[row] = NO_RULE;
        if (among && !among[row]) {
            clear_row(cells, row);
            cells->state[row] = SURE;
            continue;
        }
        if (!row_bounds(spans, row, &machine.begin, &machine.end)) return CUT_OUTSIDE;
        int state;
        if (lines && skip_blanks(machine.begin, machine.end) == machine.end) state = BLANK;
        else if (escapes && has_byte(machine.begin, machine.end, ESCAPE_BYTE)) state = UNSURE;
        else state = read_row(&machine, rules, spans->text, row, cells, taken);
        set_state(cells, row, state);
    }
    return NULL;
}

enum { TEXT, BEGIN, END, AMONG, CELL_BEGIN, CELL_END, CELL_TYPE, STATE, TAKEN, BUFFERS };

/* (text, begin, end, among or nothing, whether they are lines, rules, slot count, five arrays to write): see logcorr/formats/cut_kernel.py. */
PyObject *cut_pattern(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    PyObject *given;
    Py_ssize_t slots;
    int lines;
    Spans spans;
    Cells cells;
    if (!PyArg_ParseTuple(args, "y*y*y*y*pO!nw*w*w*w*w*", &of[TEXT], &of[BEGIN], &of[END], &of[AMONG], &lines,
                          &PyTuple_Type, &given, &slots, &of[CELL_BEGIN], &of[CELL_END], &of[CELL_TYPE], &of[STATE], &of[TAKEN]))
        return NULL;
    const char *fault = read_spans(&spans, &of[TEXT], &of[BEGIN], &of[END]);
    if (!fault && (slots < 0 || slots > MOST_SLOTS)) fault = "too many slots";
    if (!fault && ((of[AMONG].len && !holds(&of[AMONG], spans.rows, 1)) || !holds(&of[TAKEN], spans.rows, 1) ||
                   !read_cells(&cells, spans.rows, slots, &of[CELL_BEGIN], &of[CELL_END], &of[CELL_TYPE], &of[STATE])))
        fault = CUT_SHORT;
    Rules *rules = fault ? NULL : read_rules(given, slots);
    if (rules) {
        const uint8_t *among = of[AMONG].len ? of[AMONG].buf : NULL;
        Py_BEGIN_ALLOW_THREADS;
        fault = read_rows(rules, &spans, among, lines, &cells, of[TAKEN].buf);
        Py_END_ALLOW_THREADS;
        release_rules(rules);
    } else if (!fault) {
        Py_DECREF(done(of, BUFFERS, NULL));
        return NULL;
    }
    return done(of, BUFFERS, fault);
}
