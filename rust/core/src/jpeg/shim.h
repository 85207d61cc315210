/* The door to libjpeg: every function returns, none lets an error of libjpeg leave C.
 *
 * The structs below are mirrored field by field in ffi.rs; change both. */
#ifndef TURBOSHARD_SHIM_H
#define TURBOSHARD_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* What a call came to. */
enum {
  TS_DONE = 0,
  TS_ENDED = 1, /* the data ended first */
  TS_FAILED = 2 /* libjpeg gave up; ts_words says why */
};

/* Colours to decode to. */
enum { TS_GRAY = 0, TS_RGB = 1, TS_RGBX = 2, TS_CMYK = 3 };

/* Colours a file can be in. */
enum { TS_IN_OTHER = 0, TS_IN_GRAY = 1, TS_IN_RGB = 2, TS_IN_YCBCR = 3, TS_IN_CMYK = 4, TS_IN_YCCK = 5 };

#define TS_WORDS 200

typedef struct {
  char failure[TS_WORDS]; /* why the last call returned TS_FAILED */
  char warning[TS_WORDS]; /* the first warning */
  int32_t warning_code;   /* its JWRN_ number, 0 if there was none */
  uint32_t warnings;      /* how many there were */
  uint32_t ended_at;      /* rows complete when an invented end of image was fed in */
  int32_t ended;          /* whether one was */
} ts_notes;

typedef struct {
  uint32_t width, height, restart_interval;
  int32_t components, precision, colour;
  int32_t progressive, arithmetic, adobe;
} ts_header;

typedef struct ts_decoder ts_decoder;

ts_decoder *ts_decoder_new(void);
void ts_decoder_free(ts_decoder *decoder);
const ts_notes *ts_decoder_notes(const ts_decoder *decoder);

/* Begins a new image, forgetting the last one whatever state it was left in. `data` must stay where it is
 * until ts_decoder_close. With `fill`, data that end too early are ended by an invented marker. */
int ts_decoder_open(ts_decoder *decoder, const uint8_t *data, size_t size, int fill, uint32_t max_scans,
                    ts_header *header);
/* Chooses colour and scale (1/denominator) and gets ready to give rows. */
int ts_decoder_start(ts_decoder *decoder, int colour, uint32_t denominator, uint32_t *width,
                     uint32_t *height);
/* Writes up to `want` rows, `stride` bytes apart; `done` says how many are there, whatever is returned. */
int ts_decoder_rows(ts_decoder *decoder, uint8_t *out, size_t stride, uint32_t want, uint32_t *done);
/* Instead of start and rows: decodes the three components of a YCbCr image as they are stored. Each plane holds whole
 * blocks of eight by eight samples, as many as the component has; of `sizes` bytes, or it fails. `rows` says how many
 * rows of the image are there. */
int ts_decoder_planes(ts_decoder *decoder, uint8_t *const planes[3], const size_t strides[3],
                      const size_t sizes[3], uint32_t *rows);
/* Reads on to the end of the image, once all rows were taken. */
int ts_decoder_finish(ts_decoder *decoder);
/* Lets go of the data and of the image's memory. */
void ts_decoder_close(ts_decoder *decoder);

typedef struct {
  const uint8_t *data; /* at most 65533 bytes */
  size_t size;
  int32_t code; /* JPEG_APP0 + n, or JPEG_COM */
} ts_marker;

typedef struct {
  /* Rows of RGB or grey, or null: then luma and two of chroma at their own sizes, whose rows hold whole blocks of
   * eight samples. */
  const uint8_t *pixels;
  size_t stride;
  const uint8_t *planes[3];
  size_t plane_strides[3];
  uint32_t width, height;
  int32_t channels; /* 1 grey, 3 RGB, 4 RGB and a byte that is ignored */
  int32_t quality;
  int32_t horizontal, vertical; /* sampling factors of luma; chroma has 1 and 1 */
  int32_t optimize;             /* Huffman tables of its own, which takes a second pass */
  const ts_marker *markers;
  size_t marker_count;
} ts_picture;

typedef struct ts_encoder ts_encoder;

ts_encoder *ts_encoder_new(void);
void ts_encoder_free(ts_encoder *encoder);
const char *ts_encoder_failure(const ts_encoder *encoder);
/* The file is at `*out` until the next call. */
int ts_encoder_run(ts_encoder *encoder, const ts_picture *picture, const uint8_t **out, size_t *size);
/* The same coefficients and markers with Huffman tables of their own. */
int ts_encoder_optimize(ts_encoder *encoder, const uint8_t *data, size_t data_size, const uint8_t **out,
                        size_t *size);

#endif
