/* How the shim meets libjpeg's errors: libjpeg calls `escape_with_error`, which jumps back to the setjmp of the
 * shim function that was entered last; between the two there are only frames of libjpeg. No callback goes to Rust. */
#ifndef TURBOSHARD_SHIM_ERRORS_H
#define TURBOSHARD_SHIM_ERRORS_H

#include "shim.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

typedef struct {
  struct jpeg_error_mgr base; /* first, so that libjpeg's pointer is also ours */
  jmp_buf escape;
  ts_notes notes;
} errors;

/* Empties the notes; the caller then sets `escape`. */
struct jpeg_error_mgr *ts_set_up_errors(errors *e);

#endif
