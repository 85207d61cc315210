/* See shim_errors.h. */

#include "shim_errors.h"

#include <string.h>

static void escape_with_error(j_common_ptr jpeg) {
  errors *e = (errors *)jpeg->err;
  char words[JMSG_LENGTH_MAX];
  (*jpeg->err->format_message)(jpeg, words);
  snprintf(e->notes.failure, TS_WORDS, "%s", words);
  longjmp(e->escape, 1);
}

static void note_message(j_common_ptr jpeg, int level) {
  errors *e = (errors *)jpeg->err;
  char words[JMSG_LENGTH_MAX];
  if (level >= 0) return; /* a trace, not a warning */
  if (e->notes.warnings++ == 0) {
    (*jpeg->err->format_message)(jpeg, words);
    snprintf(e->notes.warning, TS_WORDS, "%s", words);
    e->notes.warning_code = jpeg->err->msg_code;
  }
}

static void print_nothing(j_common_ptr jpeg) { (void)jpeg; }

struct jpeg_error_mgr *ts_set_up_errors(errors *e) {
  jpeg_std_error(&e->base);
  e->base.error_exit = escape_with_error;
  e->base.emit_message = note_message;
  e->base.output_message = print_nothing;
  memset(&e->notes, 0, sizeof e->notes);
  return &e->base;
}
