/* Durations -> the narrow bin and the band of the histogram that hold each: what logcorr/figures/latency_counts.py and
   histogram.py define. */

#include "kernels.h"

enum { BITS = 8, MOST_BANDS = 1024, EXPONENTS = 64, NO_BAND = -1 };

static inline int bit_length(uint64_t number) {
#ifdef __GNUC__
    return number ? 64 - __builtin_clzll(number) : 0;
#else
    int bits = 0;
    for (; number; number >>= 1) bits++;
    return bits;
#endif
}

/* The lower edge of the bin: a duration keeps its BITS leading bits. */
static inline int64_t bin_of(int64_t duration) {
    uint64_t size = duration < 0 ? 0 - (uint64_t)duration : (uint64_t)duration;
    int bits = bit_length(size);
    if (bits <= BITS) return duration;
    uint64_t width = (uint64_t)1 << (bits - BITS), below = size / width * width;
    if (duration >= 0) return (int64_t)below;
    return below == size ? duration : (int64_t)(0 - (below + width));
}

typedef struct {
    const int64_t *edges;
    Py_ssize_t count;
    int first[EXPONENTS + 1]; /* by the bits of a duration: the last band that begins below all durations of so many bits */
} Bands;

static bool read_bands(Bands *bands) {
    if (bands->count < 1 || bands->count > MOST_BANDS || bands->edges[0]) return false;
    for (Py_ssize_t band = 1; band < bands->count; band++)
        if (bands->edges[band] <= bands->edges[band - 1]) return false;
    for (int bits = 0; bits <= EXPONENTS; bits++) {
        uint64_t least = bits ? (uint64_t)1 << (bits - 1) : 0;
        int band = 0;
        while (band + 1 < bands->count && (uint64_t)bands->edges[band + 1] <= least) band++;
        bands->first[bits] = band;
    }
    return true;
}

static inline int64_t band_of(const Bands *bands, int64_t duration) {
    if (duration < 0) return NO_BAND;
    int band = bands->first[bit_length((uint64_t)duration)];
    while (band + 1 < bands->count && bands->edges[band + 1] <= duration) band++;
    return band;
}

enum { DURATIONS, EDGES, BINS, BANDS, BUFFERS };

/* (durations, edges of bands, bins, bands): writes the last two. All are int64; the first edge is 0, and edges ascend. */
PyObject *duration_bins(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer of[BUFFERS] = {{0}};
    if (!PyArg_ParseTuple(args, "y*y*w*w*", &of[DURATIONS], &of[EDGES], &of[BINS], &of[BANDS])) return NULL;
    Py_ssize_t rows = of[DURATIONS].len / 8;
    Bands bands = {.edges = of[EDGES].buf, .count = of[EDGES].len / 8};
    const char *fault = NULL;
    if (!holds(&of[DURATIONS], rows, 8) || !holds(&of[BINS], rows, 8) || !holds(&of[BANDS], rows, 8))
        fault = "the arrays do not hold the rows";
    else if (!holds(&of[EDGES], 1, 8) || !read_bands(&bands))
        fault = "the edges are none of bands";
    if (!fault) {
        const int64_t *durations = of[DURATIONS].buf;
        int64_t *bins = of[BINS].buf, *found = of[BANDS].buf;
        Py_BEGIN_ALLOW_THREADS;
        for (Py_ssize_t row = 0; row < rows; row++) {
            bins[row] = bin_of(durations[row]);
            found[row] = band_of(&bands, durations[row]);
        }
        Py_END_ALLOW_THREADS;
    }
    for (int each = 0; each < BUFFERS; each++) PyBuffer_Release(&of[each]);
    if (fault) return PyErr_SetString(PyExc_ValueError, fault), NULL;
    Py_RETURN_NONE;
}
