/* logcorr._kernels: work for every line of a log in one pass, where numpy needs many passes. */

#include "kernels.h"

static int begin(PyObject *module) { return PyModule_AddIntConstant(module, "VERSION", KERNELS_VERSION); }

static PyMethodDef methods[] = {
    {"count_keys", count_keys, METH_VARARGS, NULL},
    {"count_users", count_users, METH_VARARGS, NULL},
    {"cut_attributes", cut_attributes, METH_VARARGS, NULL},
    {"cut_csv", cut_csv, METH_VARARGS, NULL},
    {"cut_durations", cut_durations, METH_VARARGS, NULL},
    {"cut_edges", cut_edges, METH_VARARGS, NULL},
    {"cut_equals", cut_equals, METH_VARARGS, NULL},
    {"cut_json", cut_json, METH_VARARGS, NULL},
    {"cut_logfmt", cut_logfmt, METH_VARARGS, NULL},
    {"cut_numbers", cut_numbers, METH_VARARGS, NULL},
    {"cut_pattern", cut_pattern, METH_VARARGS, NULL},
    {"cut_status", cut_status, METH_VARARGS, NULL},
    {"cut_texts", cut_texts, METH_VARARGS, NULL},
    {"cut_times", cut_times, METH_VARARGS, NULL},
    {"duration_bins", duration_bins, METH_VARARGS, NULL},
    {"line_count", line_count, METH_VARARGS, NULL},
    {"line_hashes", line_hashes, METH_VARARGS, NULL},
    {"line_spans", line_spans, METH_VARARGS, NULL},
    {"match", match, METH_VARARGS, NULL},
    {"move_keys", move_keys, METH_VARARGS, NULL},
    {"move_slots", move_slots, METH_VARARGS, NULL},
    {"name_users", name_users, METH_VARARGS, NULL},
    {"ndjson", ndjson, METH_VARARGS, NULL},
    {"pair_lines", pair_lines, METH_VARARGS, NULL},
    {"text_codes", text_codes, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, begin}, {0, NULL}};

static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "logcorr._kernels",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&definition); }
