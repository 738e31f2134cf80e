/* A machine that matches a pattern by backtracking. Its programs are made by logcorr/formats/pattern_program.py.

   It gives the match that Rust's regex crate gives: of two ways to match, the one that the pattern names first. Where
   only Unicode tables could tell, or where it would take long, it says that it is not sure. */
#ifndef LOGCORR_CUT_MACHINE_H
#define LOGCORR_CUT_MACHINE_H

#include "cut.h"

enum { CLASS_BYTES = 256, SET_BYTES = 257, AT_TEXT_END = 256, MOST_MARKS = 64, MOST_STEPS = 20000, MOST_WAYS = 256, MOST_FAILED = 128 };
/* So many bytes that are moved over count as a step. No byte below FIRST_DIGIT begins a digit that is not ASCII. */
enum { STEP_BYTES = 16, FIRST_DIGIT = 0xd9 };
enum { MATCH, BYTES, CLASS, EITHER, GO_TO, MARK, AT_BEGIN, AT_END, REPEAT, CODES };
enum { GREEDY, LAZY, POSSESSIVE, MODES };
/* What a class says of a byte. From SPACES on it tells of a whole character that is not ASCII. */
enum { NOT_IN, IN, SPACES, NO_SPACES, DIGITS, NO_DIGITS, UNTOLD, ANSWERS };

/* What the operands mean:
   BYTES: first byte in the literals, count. CLASS: class. EITHER: first way, second way, and for both the set of what
   they can begin with. GO_TO: code. MARK: number. REPEAT: class, least, most (-1: any number), mode, the set of what can
   follow. A set says for each byte, and for the end of the text, whether it is in it; -1 is the set of everything. */
typedef struct {
    int32_t code, a, b, c, d, e;
} Code;

typedef struct {
    const Code *codes;
    const uint8_t *literals, *classes, *sets;
    Py_ssize_t code_count, literal_bytes, class_count, set_count, mark_count;
} Program;

/* A way that was not taken: to go on at `code` from `at`; with a floor, to give back characters down to it first; with
   `more`, to take one more character first, and later so many more (-1: any number). Or it is only there to restore a
   mark, or to tell that nothing matches after a possessive repeat. */
typedef struct {
    enum { RESUME, GIVE_BACK, TAKE_MORE, RESTORE, TELL } kind;
    int32_t code, more;
    const uint8_t *at, *floor, *last;
} Way;

/* Positions where what comes after a repeat was tried, and does not match: none from `low` to `high` does. It does not
   matter how the machine came there. */
typedef struct {
    uint32_t text; /* the number of the text for which this holds */
    const uint8_t *low, *high;
} Failed;

typedef struct {
    const Program *program;
    const uint8_t *begin, *end;
    const uint8_t *marks[MOST_MARKS];
    Way ways[MOST_WAYS];
    int way_count, steps;
    bool unsure;
    Failed failed[MOST_FAILED]; /* by the number of the code */
    uint32_t text;
    /* The code whose first run is noted: where, with which marks, and whether there was no other way to it. */
    int32_t noted_code;
    const uint8_t *noted_at;
    const uint8_t *noted_marks[MOST_MARKS];
    Py_ssize_t noted_count;
    bool noted_only;
} Machine;

/* Whether what is at a position is in a set. */
static inline bool in_set(const Machine *machine, int32_t set, const uint8_t *at) {
    return set < 0 || machine->program->sets[SET_BYTES * set + (at < machine->end ? *at : AT_TEXT_END)];
}

/* The position after the character at `at` if it is of the class, else NULL. */
static inline const uint8_t *step(Machine *machine, const uint8_t *class, const uint8_t *at) {
    if (at == machine->end) return NULL;
    uint8_t answer = class[*at];
    if (*at < 0x80) return answer ? at + 1 : NULL;
    if (answer == NOT_IN) return NULL;
    const uint8_t *after = at + 1;
    while (after < machine->end && (*after & 0xc0) == 0x80) after++;
    if (answer == IN) return after;
    if ((answer == DIGITS || answer == NO_DIGITS) && *at < FIRST_DIGIT) return answer == DIGITS ? NULL : after;
    if (answer > NO_SPACES) {
        machine->unsure = true;
        return NULL;
    }
    return is_wide_space(at, after - at) == (answer == SPACES) ? after : NULL;
}

/* Moves over at most `most` characters of a class (-1: any number). */
static inline const uint8_t *run(Machine *machine, const uint8_t *class, const uint8_t *at, int32_t most) {
    const uint8_t *end = machine->end, *after;
    if (most >= 0) {
        for (; most && (after = step(machine, class, at)); most--) at = after;
        return at;
    }
    for (;;) {
        while (at < end && class[*at] == IN) at++;
        if (at == end || class[*at] == NOT_IN) return at;
        after = step(machine, class, at);
        if (!after) return at;
        at = after;
    }
}

static inline bool put_off(Machine *machine, Way way) {
    if (machine->way_count == MOST_WAYS) {
        machine->unsure = true;
        return false;
    }
    machine->ways[machine->way_count++] = way;
    return true;
}

/* Takes characters of a class, at most `more` (-1: any number), until what follows is in a set. NULL if it never is. */
static inline const uint8_t *take_more(Machine *machine, const Code *code, const uint8_t *at, int32_t *more) {
    const uint8_t *class = machine->program->classes + CLASS_BYTES * code->a, *begin = at;
    while (at && !in_set(machine, code->e, at)) {
        at = *more ? step(machine, class, at) : NULL;
        *more -= *more > 0;
    }
    machine->steps -= (int)(((at ? at : machine->end) - begin) / STEP_BYTES);
    return at;
}

/* Gives back characters down to one that what is in the set can follow. NULL if there is none. */
static inline const uint8_t *give_back(Machine *machine, int32_t set, const uint8_t *at, const uint8_t *floor) {
    const uint8_t *begin = at;
    while (at > floor) {
        do at--;
        while (at > floor && (*at & 0xc0) == 0x80);
        if (!in_set(machine, set, at)) continue;
        machine->steps -= (int)((begin - at) / STEP_BYTES);
        return at;
    }
    machine->steps -= (int)((begin - at) / STEP_BYTES);
    return NULL;
}

/* Keeps in mind that nothing matches after a repeat from `low` to `high`. */
static inline void fail(Machine *machine, int32_t code, const uint8_t *low, const uint8_t *high) {
    if (code >= MOST_FAILED || low > high) return;
    Failed *failed = &machine->failed[code];
    bool joins = failed->text == machine->text && failed->low <= high && high <= failed->high;
    *failed = (Failed){.text = machine->text,
                       .low = joins && failed->low < low ? failed->low : low,
                       .high = joins ? failed->high : high};
}

/* Whether nothing matches after a repeat that ends at `last`, as was tried before. */
static inline bool is_hopeless(const Machine *machine, int32_t code, const uint8_t *last) {
    const Failed *failed = &machine->failed[code < MOST_FAILED ? code : 0];
    return code < MOST_FAILED && failed->text == machine->text && failed->low <= last && last <= failed->high;
}

/* The last position of a repeat where what comes after it may match, or NULL. */
static inline const uint8_t *last_hope(Machine *machine, int32_t at_code, const uint8_t *last, const uint8_t *floor) {
    int32_t follow = machine->program->codes[at_code].e;
    if (!is_hopeless(machine, at_code, last))
        return in_set(machine, follow, last) ? last : give_back(machine, follow, last, floor);
    const uint8_t *low = machine->failed[at_code].low;
    return low <= floor ? NULL : give_back(machine, follow, low, floor);
}

/* Repeats a class, and puts off the other numbers of repeats. NULL if there is no number that can be right. */
static inline const uint8_t *repeat(Machine *machine, int32_t at_code, const uint8_t *at) {
    const Code *code = &machine->program->codes[at_code];
    const uint8_t *class = machine->program->classes + CLASS_BYTES * code->a;
    for (int32_t least = code->b; least; least--) {
        at = step(machine, class, at);
        if (!at) return NULL;
    }
    int32_t more = code->c < 0 ? -1 : code->c - code->b;
    if (code->d == LAZY) {
        at = take_more(machine, code, at, &more);
        if (at && more) put_off(machine, (Way){.kind = TAKE_MORE, .code = at_code, .at = at, .more = more});
        return at;
    }
    const uint8_t *last = run(machine, class, at, more);
    machine->steps -= (int)((last - at) / STEP_BYTES);
    if (code->d == POSSESSIVE) {
        if (!machine->way_count) return last;
        if (is_hopeless(machine, at_code, last)) return NULL;
        put_off(machine, (Way){.kind = TELL, .code = at_code, .last = last});
        return last;
    }
    const uint8_t *hope = last_hope(machine, at_code, last, at);
    if (hope && hope > at)
        put_off(machine, (Way){.kind = GIVE_BACK, .code = at_code, .at = hope, .floor = at, .last = last});
    return hope;
}

/* Takes up the way that was put off last, with the code and the position to go on from. False if there is none. */
static inline bool take_up(Machine *machine, int32_t *code, const uint8_t **at) {
    while (machine->way_count) {
        Way *way = &machine->ways[machine->way_count - 1];
        const Code *repeated = &machine->program->codes[way->code];
        *code = way->code + (way->kind == RESUME ? 0 : 1);
        if (way->kind == RESUME) {
            *at = way->at;
            machine->way_count--;
            return true;
        }
        if (way->kind == RESTORE) {
            machine->marks[way->more] = way->at;
            machine->way_count--;
        } else if (way->kind == TELL) {
            fail(machine, way->code, way->last, way->last);
            machine->way_count--;
        } else if (way->kind == GIVE_BACK) {
            *at = give_back(machine, repeated->e, way->at, way->floor);
            if (!*at || *at == way->floor) {
                fail(machine, way->code, *at ? way->at : way->floor, way->last);
                machine->way_count--;
            }
            way->at = *at;
            if (*at) return true;
        } else {
            const uint8_t *class = machine->program->classes + CLASS_BYTES * repeated->a;
            int32_t more = way->more - (way->more > 0);
            *at = step(machine, class, way->at);
            if (*at) *at = take_more(machine, repeated, *at, &more);
            *way = (Way){.kind = TAKE_MORE, .code = way->code, .at = *at, .more = more};
            if (!*at || !more) machine->way_count--;
            if (*at) return true;
            if (machine->unsure) return false;
        }
    }
    return false;
}

/* Chooses between two ways, and puts off the second if both can be right. */
static inline const uint8_t *choose(Machine *machine, const Code *code, int32_t *number, const uint8_t *at) {
    bool first = in_set(machine, code->c, at), second = in_set(machine, code->d, at);
    if (first && second) put_off(machine, (Way){.kind = RESUME, .code = code->b, .at = at});
    *number = first ? code->a : code->b;
    return first || second ? at : NULL;
}

/* Runs one code that cannot end the match. Gives the position to go on from, or NULL. */
static inline const uint8_t *run_code(Machine *machine, int32_t *number, const uint8_t *at) {
    const Program *program = machine->program;
    const Code *code = &program->codes[*number];
    int32_t here = (*number)++;
    switch (code->code) {
    case BYTES:
        if (machine->end - at < code->b || !same_bytes(at, program->literals + code->a, code->b)) return NULL;
        return at + code->b;
    case CLASS: return step(machine, program->classes + CLASS_BYTES * code->a, at);
    case EITHER: return choose(machine, code, number, at);
    case GO_TO: *number = code->a; return at;
    case MARK:
        if (machine->way_count)
            put_off(machine, (Way){.kind = RESTORE, .more = code->a, .at = machine->marks[code->a]});
        machine->marks[code->a] = at;
        return at;
    case AT_BEGIN: return at == machine->begin ? at : NULL;
    case AT_END: return at == machine->end ? at : NULL;
    default: return repeat(machine, here, at);
    }
}

static inline void note(Machine *machine, const uint8_t *at) {
    machine->noted_code = -1;
    machine->noted_at = at;
    machine->noted_only = !machine->way_count;
    machine->noted_count = machine->program->mark_count;
    memcpy(machine->noted_marks, machine->marks, (size_t)machine->noted_count * sizeof *machine->marks);
}

/* Matches a program from one of its codes on. Whether it matches; `unsure` tells that this is not known. */
static inline bool matches_from(Machine *machine, int32_t number, const uint8_t *at) {
    machine->way_count = 0;
    while (machine->program->codes[number].code != MATCH) {
        if (number == machine->noted_code) note(machine, at);
        if (--machine->steps < 0) machine->unsure = true;
        if (machine->unsure) return false;
        at = run_code(machine, &number, at);
        if (machine->unsure) return false;
        if (!at && !take_up(machine, &number, &at)) return false;
    }
    return true;
}

static inline void clear_marks(Machine *machine) {
    memset(machine->marks, 0, (size_t)machine->program->mark_count * sizeof *machine->marks);
}

/* Matches a whole program at `at`. */
static inline bool matches_at(Machine *machine, const uint8_t *at) {
    clear_marks(machine);
    return matches_from(machine, 0, at);
}

/* Matches what comes after the code that was noted when another program ran. */
static inline bool matches_from_note(Machine *machine, int32_t number) {
    Py_ssize_t own = machine->program->mark_count, noted = machine->noted_count;
    clear_marks(machine);
    memcpy(machine->marks, machine->noted_marks, (size_t)(own < noted ? own : noted) * sizeof *machine->marks);
    return matches_from(machine, number, machine->noted_at);
}

#endif
