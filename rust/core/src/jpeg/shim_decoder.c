/* The decoder of shim.h. */

#include "shim_errors.h"

#include <stdlib.h>
#include <string.h>

#include <jerror.h>

/* Pillow shows libjpeg the file in blocks of this size, and what lies in a later block than the last row
 * cannot make it refuse an image. To accept exactly what Pillow accepts, so does this source. */
#define BLOCK 65536

typedef struct {
  struct jpeg_source_mgr base;
  size_t hidden; /* bytes behind those libjpeg has been shown */
  size_t skip;   /* bytes still to be passed over */
  int fill;
} source;

struct ts_decoder {
  struct jpeg_decompress_struct jpeg;
  errors errors;
  source source;
  struct jpeg_progress_mgr progress;
  int max_scans;
  int made;                /* jpeg_create_decompress was called */
  volatile int late;       /* what goes wrong from here on is a warning */
};

/* ---- source ---- */

static void do_nothing(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean suspend_or_end(j_decompress_ptr jpeg) {
  static const JOCTET end_of_image[2] = { 0xFF, JPEG_EOI };
  source *s = (source *)jpeg->src;
  errors *e = (errors *)jpeg->err;
  if (!s->fill || s->hidden > 0) return FALSE;
  if (!e->notes.ended) {
    e->notes.ended = 1;
    e->notes.ended_at = jpeg->output_scanline;
    WARNMS(jpeg, JWRN_JPEG_EOF);
  }
  s->skip = 0;
  s->base.next_input_byte = end_of_image;
  s->base.bytes_in_buffer = sizeof end_of_image;
  return TRUE;
}

static void pass_over(j_decompress_ptr jpeg, long count) {
  source *s = (source *)jpeg->src;
  size_t n = count > 0 ? (size_t)count : 0;
  size_t here = n < s->base.bytes_in_buffer ? n : s->base.bytes_in_buffer;
  s->base.next_input_byte += here;
  s->base.bytes_in_buffer -= here;
  s->skip = n - here;
}

/* Shows libjpeg another block. Returns 0 if there is none. */
static int show_more(ts_decoder *d) {
  source *s = &d->source;
  while (s->hidden > 0) {
    size_t more = s->hidden < BLOCK ? s->hidden : BLOCK;
    s->hidden -= more;
    s->base.bytes_in_buffer += more; /* the data are one piece of memory, so what is left of the last block precedes */
    if (s->skip > 0) pass_over(&d->jpeg, (long)s->skip);
    if (s->skip == 0) return 1;
  }
  return 0;
}

/* ---- decoder ---- */

static void limit_scans(j_common_ptr jpeg) {
  ts_decoder *d = (ts_decoder *)jpeg->client_data;
  if (d->jpeg.input_scan_number > d->max_scans) {
    snprintf(d->errors.notes.failure, TS_WORDS, "more than %d scans", d->max_scans);
    longjmp(d->errors.escape, 1);
  }
}

ts_decoder *ts_decoder_new(void) { return calloc(1, sizeof(ts_decoder)); }

const ts_notes *ts_decoder_notes(const ts_decoder *d) { return &d->errors.notes; }

void ts_decoder_close(ts_decoder *d) {
  if (d->made) jpeg_destroy_decompress(&d->jpeg);
  d->made = 0;
  d->jpeg.src = NULL;
}

void ts_decoder_free(ts_decoder *d) {
  if (d == NULL) return;
  ts_decoder_close(d);
  free(d);
}

static int32_t colour_of(J_COLOR_SPACE space) {
  switch (space) {
  case JCS_GRAYSCALE: return TS_IN_GRAY;
  case JCS_RGB: return TS_IN_RGB;
  case JCS_YCbCr: return TS_IN_YCBCR;
  case JCS_CMYK: return TS_IN_CMYK;
  case JCS_YCCK: return TS_IN_YCCK;
  default: return TS_IN_OTHER;
  }
}

int ts_decoder_open(ts_decoder *d, const uint8_t *data, size_t size, int fill, uint32_t max_scans,
                    ts_header *header) {
  int result;
  /* libjpeg keeps Huffman and quantisation tables from one image to the next, and an image that lacks its
   * own would decode with a stranger's. A new state for each image costs a microsecond and forgets all. */
  ts_decoder_close(d);
  d->jpeg.err = ts_set_up_errors(&d->errors);
  d->late = 0;
  if (setjmp(d->errors.escape)) return TS_FAILED;
  jpeg_create_decompress(&d->jpeg);
  d->made = 1;
  d->max_scans = max_scans > 0x7FFFFFFF ? 0x7FFFFFFF : (int)max_scans;
  d->jpeg.client_data = d;
  d->progress.progress_monitor = limit_scans;
  d->jpeg.progress = &d->progress;

  memset(&d->source, 0, sizeof d->source);
  d->source.base.init_source = do_nothing;
  d->source.base.fill_input_buffer = suspend_or_end;
  d->source.base.skip_input_data = pass_over;
  d->source.base.resync_to_restart = jpeg_resync_to_restart;
  d->source.base.term_source = do_nothing;
  d->source.base.next_input_byte = data;
  d->source.hidden = size;
  d->source.fill = fill;
  d->jpeg.src = &d->source.base;
  if (!show_more(d)) return TS_ENDED;

  do {
    result = jpeg_read_header(&d->jpeg, FALSE);
    if (result == JPEG_SUSPENDED && !show_more(d)) return TS_ENDED;
  } while (result != JPEG_HEADER_OK);

  header->width = d->jpeg.image_width;
  header->height = d->jpeg.image_height;
  header->components = d->jpeg.num_components;
  header->precision = d->jpeg.data_precision;
  header->colour = colour_of(d->jpeg.jpeg_color_space);
  header->progressive = d->jpeg.progressive_mode;
  header->arithmetic = d->jpeg.arith_code;
  header->restart_interval = d->jpeg.restart_interval;
  header->adobe = d->jpeg.saw_Adobe_marker;
  return TS_DONE;
}

int ts_decoder_start(ts_decoder *d, int colour, uint32_t denominator, uint32_t *width, uint32_t *height) {
  static const J_COLOR_SPACE spaces[] = { JCS_GRAYSCALE, JCS_RGB, JCS_EXT_RGBX, JCS_CMYK };
  if (setjmp(d->errors.escape)) return TS_FAILED;
  d->jpeg.out_color_space = spaces[colour & 3];
  d->jpeg.scale_num = 1;
  d->jpeg.scale_denom = denominator;
  while (!jpeg_start_decompress(&d->jpeg)) {
    if (!show_more(d)) return TS_ENDED;
  }
  *width = d->jpeg.output_width;
  *height = d->jpeg.output_height;
  return TS_DONE;
}

int ts_decoder_rows(ts_decoder *d, uint8_t *out, size_t stride, uint32_t want, uint32_t *done) {
  JSAMPROW rows[16];
  *done = 0;
  if (setjmp(d->errors.escape)) return TS_FAILED;
  while (*done < want && d->jpeg.output_scanline < d->jpeg.output_height) {
    uint32_t ask = want - *done, i, got;
    if (ask > 16) ask = 16;
    for (i = 0; i < ask; i++) rows[i] = out + (size_t)(*done + i) * stride;
    got = jpeg_read_scanlines(&d->jpeg, rows, ask);
    *done += got;
    if (got == 0 && !show_more(d)) return TS_ENDED;
  }
  return TS_DONE;
}

int ts_decoder_planes(ts_decoder *d, uint8_t *const planes[3], const size_t strides[3], const size_t sizes[3],
                      uint32_t *rows) {
  JSAMPROW places[3][MAX_SAMP_FACTOR * DCTSIZE];
  JSAMPARRAY arrays[3] = { places[0], places[1], places[2] };
  int c;
  *rows = 0;
  if (setjmp(d->errors.escape)) return TS_FAILED;
  d->jpeg.raw_data_out = TRUE;
  while (!jpeg_start_decompress(&d->jpeg)) {
    if (!show_more(d)) return TS_ENDED;
  }
  for (c = 0; c < 3; c++) {
    const jpeg_component_info *component = &d->jpeg.comp_info[c];
    size_t width = (size_t)component->width_in_blocks * DCTSIZE;
    size_t height = (size_t)component->height_in_blocks * DCTSIZE;
    if (d->jpeg.num_components != 3 || width > strides[c] || height * strides[c] > sizes[c]) {
      snprintf(d->errors.notes.failure, TS_WORDS, "the headers contradict each other");
      return TS_FAILED;
    }
  }
  while (d->jpeg.output_scanline < d->jpeg.output_height) {
    JDIMENSION lines = (JDIMENSION)(d->jpeg.max_v_samp_factor * DCTSIZE);
    int i, row;
    for (i = 0; i < 3; i++) {
      int count = d->jpeg.comp_info[i].v_samp_factor * DCTSIZE;
      size_t first = (size_t)(d->jpeg.output_scanline / lines) * (size_t)count;
      size_t last = (size_t)d->jpeg.comp_info[i].height_in_blocks * DCTSIZE - 1;
      for (row = 0; row < count; row++) {
        /* rows of blocks that do not exist are not written */
        size_t at = first + (size_t)row < last ? first + (size_t)row : last;
        places[i][row] = planes[i] + at * strides[i];
      }
    }
    if (jpeg_read_raw_data(&d->jpeg, arrays, lines) == 0 && !show_more(d)) return TS_ENDED;
    *rows = d->jpeg.output_scanline;
  }
  return TS_DONE;
}

int ts_decoder_finish(ts_decoder *d) {
  /* Who has the end invented has also said that a whole picture is enough. */
  d->late = d->source.fill;
  if (setjmp(d->errors.escape)) {
    ts_notes *n = &d->errors.notes;
    if (!d->late) return TS_FAILED;
    if (n->warnings++ == 0) {
      memcpy(n->warning, n->failure, TS_WORDS);
      n->warning_code = d->errors.base.msg_code;
    }
    return TS_DONE;
  }
  while (!jpeg_finish_decompress(&d->jpeg)) {
    d->late = 1;
    if (!show_more(d)) {
      WARNMS(&d->jpeg, JWRN_JPEG_EOF);
      return TS_DONE;
    }
  }
  return TS_DONE;
}
