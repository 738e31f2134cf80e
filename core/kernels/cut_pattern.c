/* Texts -> the groups of the first of several patterns that matches a text. */

#include "cut_machine.h"

enum { NO_RULE = 255, MOST_RULES = 64 };

/* A pattern, the slot of each of its groups or -1, and whether it may match anywhere in a text. */
typedef struct {
    Program program;
    const int32_t *slots;
    Py_ssize_t groups;
    int anywhere;
    Py_buffer buffers[4];
} Rule;

typedef struct {
    Rule rules[MOST_RULES];
    int count;
} Rules;

/* The operand that says where to go must be a code; all codes but the last go on to the next. */
static bool sound_code(const Program *program, const Code *code, Py_ssize_t groups) {
    switch (code->code) {
    case BYTES:
        return code->a >= 0 && code->b >= 0 && code->b <= program->literal_bytes &&
               code->a <= program->literal_bytes - code->b;
    case EITHER: return code->a >= 0 && code->a < program->code_count && code->b >= 0 && code->b < program->code_count;
    case GO_TO: return code->a >= 0 && code->a < program->code_count;
    case MARK: return code->a >= 0 && code->a < 2 * groups;
    case CLASS: return code->a >= 0 && code->a < program->class_count;
    case REPEAT:
        return code->a >= 0 && code->a < program->class_count && code->b >= 0 && (code->c == -1 || code->c >= code->b) &&
               code->d >= 0 && code->d < MODES;
    default: return code->code >= 0 && code->code < CODES;
    }
}

static bool sound_rule(const Rule *rule, Py_ssize_t slots) {
    const Program *program = &rule->program;
    if (!program->code_count || program->code_count > INT16_MAX || rule->groups > MOST_MARKS / 2) return false;
    if (!holds(&rule->buffers[0], 0, 4) || !holds(&rule->buffers[3], 0, 4)) return false;
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
        for (int buffer = 0; buffer < 4; buffer++) PyBuffer_Release(&rules->rules[each].buffers[buffer]);
    free(rules);
}

/* Reads a rule, (codes, literals, classes, slots, anywhere). False with an error set if it is none. */
static bool read_rule(Rule *rule, PyObject *given, Py_ssize_t slots) {
    Py_buffer *of = rule->buffers;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a rule is a tuple");
        return false;
    }
    if (!PyArg_ParseTuple(given, "y*y*y*y*p", &of[0], &of[1], &of[2], &of[3], &rule->anywhere)) return false;
    rule->program = (Program){.codes = of[0].buf,
                              .code_count = of[0].len / (Py_ssize_t)sizeof(Code),
                              .literals = of[1].buf,
                              .literal_bytes = of[1].len,
                              .classes = of[2].buf,
                              .class_count = of[2].len / CLASS_BYTES};
    rule->slots = of[3].buf;
    rule->groups = of[3].len / 4;
    rule->program.mark_count = 2 * rule->groups;
    if (sound_rule(rule, slots)) return true;
    for (int buffer = 0; buffer < 4; buffer++) PyBuffer_Release(&of[buffer]);
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

/* Whether a rule matches a text. */
static bool fits(Machine *machine, const Rule *rule) {
    machine->program = &rule->program;
    for (const uint8_t *at = machine->begin;; at++) {
        if (matches_at(machine, at)) return true;
        if (machine->unsure || !rule->anywhere) return false;
        while (at < machine->end && at + 1 < machine->end && (at[1] & 0xc0) == 0x80) at++;
        if (at >= machine->end) return false;
    }
}

/* Tries the rules on a text, and gives its state. */
static int read_row(Machine *machine, const Rules *rules, const uint8_t *text, Py_ssize_t row, Cells *cells,
                    uint8_t *taken) {
    clear_row(cells, row);
    machine->steps = MOST_STEPS;
    machine->unsure = false;
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
