/* A machine that matches a pattern by backtracking. Its programs are made by logcorr/formats/pattern_program.py.

   It gives the match that Rust's regex crate gives: of two ways to match, the one that the pattern names first. Where
   only Unicode tables could tell, or where it would take long, it says that it is not sure. */
#ifndef LOGCORR_CUT_MACHINE_H
#define LOGCORR_CUT_MACHINE_H

#include "cut.h"

enum { CODE_FIELDS = 6, CLASS_BYTES = 256, MOST_MARKS = 64, MOST_STEPS = 20000, MOST_WAYS = 256 };
/* So many bytes that are moved over count as a step. No byte below FIRST_DIGIT begins a digit that is not ASCII. */
enum { STEP_BYTES = 16, FIRST_DIGIT = 0xd9 };
enum { MATCH, BYTES, CLASS, EITHER, GO_TO, MARK, AT_BEGIN, AT_END, REPEAT, CODES };
enum { GREEDY, LAZY, POSSESSIVE, MODES };
/* What a class says of a byte. From SPACES on it tells of a whole character that is not ASCII. */
enum { NOT_IN, IN, SPACES, NO_SPACES, DIGITS, NO_DIGITS, UNTOLD, ANSWERS };

/* What the operands mean:
   BYTES: first byte in the literals, count. CLASS: class. EITHER: first way, second way. GO_TO: code. MARK: number.
   REPEAT: class, least, most (-1: any number), mode, the ASCII byte that must follow (-1: unknown). */
typedef struct {
    int32_t code, a, b, c, d, e;
} Code;

typedef struct {
    const Code *codes;
    const uint8_t *literals, *classes;
    Py_ssize_t code_count, literal_bytes, class_count, mark_count;
} Program;

/* A way that was not taken: to go on at `code` from `at`; with a floor, to give back characters down to it first; with
   `more`, to take one more character first, and later so many more (-1: any number); or to restore a mark. */
typedef struct {
    enum { RESUME, GIVE_BACK, TAKE_MORE, RESTORE } kind;
    int32_t code, more;
    const uint8_t *at, *floor;
} Way;

typedef struct {
    const Program *program;
    const uint8_t *begin, *end;
    const uint8_t *marks[MOST_MARKS];
    Way ways[MOST_WAYS];
    int way_count, steps;
    bool unsure;
} Machine;

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

/* Repeats a class, and puts off the other numbers of repeats. NULL if there are too few characters. */
static inline const uint8_t *repeat(Machine *machine, int32_t at_code, const uint8_t *at) {
    const Code *code = &machine->program->codes[at_code];
    const uint8_t *class = machine->program->classes + CLASS_BYTES * code->a;
    for (int32_t least = code->b; least; least--) {
        at = step(machine, class, at);
        if (!at) return NULL;
    }
    int32_t more = code->c < 0 ? -1 : code->c - code->b;
    if (code->d == LAZY) {
        if (more) put_off(machine, (Way){.kind = TAKE_MORE, .code = at_code, .at = at, .more = more});
        return at;
    }
    const uint8_t *last = run(machine, class, at, more);
    machine->steps -= (int)((last - at) / STEP_BYTES);
    if (code->d == GREEDY && last > at)
        put_off(machine, (Way){.kind = GIVE_BACK, .code = at_code, .at = last, .floor = at});
    return last;
}

/* Gives back characters down to one that the byte can follow which must come next. NULL if there is none. */
static inline const uint8_t *give_back(const Code *code, const uint8_t *at, const uint8_t *floor) {
    while (at > floor) {
        do at--;
        while (at > floor && (*at & 0xc0) == 0x80);
        if (code->e < 0 || *at == code->e) return at;
    }
    return NULL;
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
        } else if (way->kind == GIVE_BACK) {
            const uint8_t *last = way->at;
            *at = way->at = give_back(repeated, last, way->floor);
            machine->steps -= (int)((last - (*at ? *at : way->floor)) / STEP_BYTES);
            if (!*at || *at == way->floor) machine->way_count--;
            if (*at) return true;
        } else {
            *at = step(machine, machine->program->classes + CLASS_BYTES * repeated->a, way->at);
            way->at = *at;
            if (!*at || (way->more > 0 && --way->more == 0)) machine->way_count--;
            if (*at) return true;
            if (machine->unsure) return false;
        }
    }
    return false;
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
    case EITHER:
        put_off(machine, (Way){.kind = RESUME, .code = code->b, .at = at});
        *number = code->a;
        return at;
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

/* Matches a program at `at`. Whether it matches; `unsure` tells that this is not known. */
static inline bool matches_at(Machine *machine, const uint8_t *at) {
    int32_t number = 0;
    memset(machine->marks, 0, (size_t)machine->program->mark_count * sizeof *machine->marks);
    machine->way_count = 0;
    while (machine->program->codes[number].code != MATCH) {
        if (--machine->steps < 0) machine->unsure = true;
        if (machine->unsure) return false;
        at = run_code(machine, &number, at);
        if (machine->unsure) return false;
        if (!at && !take_up(machine, &number, &at)) return false;
    }
    return true;
}

#endif
