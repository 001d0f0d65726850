/**
 * Evaluated once for a worker, before any run. Temporal's SDK takes a stack trace for every promise of workflow code, for its query
 * `__stack_trace`; that was a sixth of what a run costs its worker. One frame still says where an error was thrown, and the progress
 * table says what a run is at.
 */
Error.stackTraceLimit = 1;
