/* The encoder of shim.h. */

#include "shim_errors.h"

#include <stdlib.h>

#include <jerror.h>

typedef struct {
  struct jpeg_destination_mgr base;
  JOCTET *data;
  size_t capacity, size;
} destination;

struct ts_encoder {
  struct jpeg_compress_struct jpeg;
  errors errors;
  destination out;
  int made;
  struct jpeg_decompress_struct source; /* of ts_encoder_optimize */
  int reading;
};

static void begin_output(j_compress_ptr jpeg) {
  destination *out = (destination *)jpeg->dest;
  out->base.next_output_byte = out->data;
  out->base.free_in_buffer = out->capacity;
}

static boolean grow_output(j_compress_ptr jpeg) {
  destination *out = (destination *)jpeg->dest;
  size_t capacity = out->capacity * 2;
  JOCTET *data = realloc(out->data, capacity);
  if (data == NULL) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
  /* libjpeg calls this when the buffer is full, whatever next_output_byte says */
  out->base.next_output_byte = data + out->capacity;
  out->base.free_in_buffer = capacity - out->capacity;
  out->data = data;
  out->capacity = capacity;
  return TRUE;
}

static void end_output(j_compress_ptr jpeg) {
  destination *out = (destination *)jpeg->dest;
  out->size = out->capacity - out->base.free_in_buffer;
}

/* Ends what the last call, whatever became of it, left. */
static void forget(ts_encoder *e) {
  if (e->made) jpeg_destroy_compress(&e->jpeg);
  if (e->reading) jpeg_destroy_decompress(&e->source);
  e->made = e->reading = 0;
}

static void begin(ts_encoder *e) {
  jpeg_create_compress(&e->jpeg);
  e->made = 1;
  e->out.base.init_destination = begin_output;
  e->out.base.empty_output_buffer = grow_output;
  e->out.base.term_destination = end_output;
  e->jpeg.dest = &e->out.base;
}

ts_encoder *ts_encoder_new(void) {
  ts_encoder *e = calloc(1, sizeof(ts_encoder));
  if (e == NULL) return NULL;
  e->out.capacity = 1 << 18;
  e->out.data = malloc(e->out.capacity);
  if (e->out.data == NULL) {
    free(e);
    return NULL;
  }
  return e;
}

void ts_encoder_free(ts_encoder *e) {
  if (e == NULL) return;
  forget(e);
  free(e->out.data);
  free(e);
}

const char *ts_encoder_failure(const ts_encoder *e) { return e->errors.notes.failure; }

static void write_rows(j_compress_ptr jpeg, const ts_picture *p) {
  JSAMPROW rows[16];
  while (jpeg->next_scanline < p->height) {
    JDIMENSION ask = p->height - jpeg->next_scanline, row;
    if (ask > 16) ask = 16;
    for (row = 0; row < ask; row++) {
      /* libjpeg only reads them; its type has no const */
      rows[row] = (JSAMPROW)(p->pixels + (size_t)(jpeg->next_scanline + row) * p->stride);
    }
    jpeg_write_scanlines(jpeg, rows, ask);
  }
}

static void write_planes(j_compress_ptr jpeg, const ts_picture *p) {
  JSAMPROW rows[3][2 * DCTSIZE];
  JSAMPARRAY planes[3] = { rows[0], rows[1], rows[2] };
  JDIMENSION lines = (JDIMENSION)(p->vertical * DCTSIZE);
  while (jpeg->next_scanline < p->height) {
    int i, row;
    for (i = 0; i < 3; i++) {
      int vertical = i == 0 ? p->vertical : 1;
      size_t first = (size_t)jpeg->next_scanline / (size_t)(p->vertical / vertical);
      size_t height = (p->height + (size_t)(p->vertical / vertical) - 1) / (size_t)(p->vertical / vertical);
      for (row = 0; row < vertical * DCTSIZE; row++) {
        /* what the last blocks lack below the picture is its last row, as in libjpeg */
        size_t at = first + (size_t)row < height ? first + (size_t)row : height - 1;
        rows[i][row] = (JSAMPROW)(p->planes[i] + at * p->plane_strides[i]);
      }
    }
    jpeg_write_raw_data(jpeg, planes, lines);
  }
}

int ts_encoder_run(ts_encoder *e, const ts_picture *p, const uint8_t **out, size_t *size) {
  size_t i;
  forget(e);
  e->jpeg.err = ts_set_up_errors(&e->errors);
  if (setjmp(e->errors.escape)) return TS_FAILED;
  begin(e);
  e->jpeg.image_width = p->width;
  e->jpeg.image_height = p->height;
  e->jpeg.input_components = p->channels;
  e->jpeg.in_color_space = p->channels == 1   ? JCS_GRAYSCALE
                           : p->pixels == NULL ? JCS_YCbCr
                           : p->channels == 3 ? JCS_RGB
                                              : JCS_EXT_RGBX;
  jpeg_set_defaults(&e->jpeg);
  jpeg_set_quality(&e->jpeg, p->quality, TRUE);
  e->jpeg.dct_method = JDCT_ISLOW;
  e->jpeg.optimize_coding = p->optimize;
  if (p->channels != 1) {
    e->jpeg.comp_info[0].h_samp_factor = p->horizontal;
    e->jpeg.comp_info[0].v_samp_factor = p->vertical;
  }
  e->jpeg.raw_data_in = p->pixels == NULL;
  jpeg_start_compress(&e->jpeg, TRUE);
  for (i = 0; i < p->marker_count; i++) {
    jpeg_write_marker(&e->jpeg, p->markers[i].code, p->markers[i].data, (unsigned)p->markers[i].size);
  }
  if (p->pixels == NULL) {
    write_planes(&e->jpeg, p);
  } else {
    write_rows(&e->jpeg, p);
  }
  jpeg_finish_compress(&e->jpeg);
  *out = e->out.data;
  *size = e->out.size;
  return TS_DONE;
}

int ts_encoder_optimize(ts_encoder *e, const uint8_t *data, size_t data_size, const uint8_t **out, size_t *size) {
  jvirt_barray_ptr *coefficients;
  jpeg_saved_marker_ptr marker;
  int code;
  forget(e);
  e->jpeg.err = e->source.err = ts_set_up_errors(&e->errors);
  if (setjmp(e->errors.escape)) return TS_FAILED;
  jpeg_create_decompress(&e->source);
  e->reading = 1;
  jpeg_mem_src(&e->source, data, (unsigned long)data_size);
  jpeg_save_markers(&e->source, JPEG_COM, 0xFFFF);
  for (code = 0; code < 16; code++) jpeg_save_markers(&e->source, JPEG_APP0 + code, 0xFFFF);
  jpeg_read_header(&e->source, TRUE);
  coefficients = jpeg_read_coefficients(&e->source);

  begin(e);
  jpeg_copy_critical_parameters(&e->source, &e->jpeg);
  e->jpeg.optimize_coding = TRUE;
  e->jpeg.restart_interval = e->source.restart_interval;
  /* all markers are copied, those that libjpeg would write by itself among them */
  e->jpeg.write_JFIF_header = FALSE;
  e->jpeg.write_Adobe_marker = FALSE;
  jpeg_write_coefficients(&e->jpeg, coefficients);
  for (marker = e->source.marker_list; marker != NULL; marker = marker->next) {
    jpeg_write_marker(&e->jpeg, marker->marker, marker->data, marker->data_length);
  }
  jpeg_finish_compress(&e->jpeg);
  jpeg_finish_decompress(&e->source);
  *out = e->out.data;
  *size = e->out.size;
  return TS_DONE;
}
