/* A webcam that exists only for one process: an LD_PRELOAD shim that answers for /dev/video0 as a
 * V4L2 capture device and plays raw YUYV frames from a file, in a loop, at a fixed rate.
 * Test aid for machines with no camera and no video kernel modules. Linux x86-64/aarch64, glibc.
 *
 *   FAKECAM_FRAMES        file of raw YUYV frames                     (required)
 *   FAKECAM_SIZE          WIDTHxHEIGHT of those frames                (required)
 *   FAKECAM_FPS           frames per second                           (default 30)
 *   FAKECAM_UNPLUG_AFTER  after N frames every capture call fails with ENODEV, and so does
 *                         opening the device again                    (default: never)
 *   FAKECAM_REPLUG_AFTER  milliseconds after the unplug at which the device can be opened again
 *   FAKECAM_STALL_AFTER   after N frames no further frame arrives, without any error (default: never)
 *   FAKECAM_STALL_MS      how long that lasts                         (default: for good)
 *   FAKECAM_STAMP_AFTER   after N frames time stamps are wrong          (default: never)
 *   FAKECAM_STAMP_MS      by how much (whole seconds), later or, if negative, earlier
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFERS = 8 };

static unsigned width, height, fps, frame_bytes, slot_bytes, frames_in_file;
static int frames_fd = -1, memory_fd = -1, camera_fd = -1;
static uint8_t *memory;
static unsigned sequence, delivered, buffer_count;
static int queue[BUFFERS], queue_head, queue_length;
static struct timespec unplugged_at;
static int unplugged;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static long env_number(const char *name, long fallback) {
    const char *value = getenv(name);
    return value && *value ? atol(value) : fallback;
}

static int is_camera(const char *path) { return path && strcmp(path, "/dev/video0") == 0; }

static int present(void) {
    if (!unplugged) return 1;
    long replug_ms = env_number("FAKECAM_REPLUG_AFTER", -1);
    if (replug_ms < 0) return 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long elapsed = (now.tv_sec - unplugged_at.tv_sec) * 1000 + (now.tv_nsec - unplugged_at.tv_nsec) / 1000000;
    return elapsed >= replug_ms;
}

static int configure(void) {
    if (frames_fd >= 0) return 0;
    const char *size = getenv("FAKECAM_SIZE"), *file = getenv("FAKECAM_FRAMES");
    if (!size || !file || sscanf(size, "%ux%u", &width, &height) != 2) {
        fprintf(stderr, "fakecam: set FAKECAM_FRAMES and FAKECAM_SIZE\n");
        errno = EINVAL;
        return -1;
    }
    fps = (unsigned)env_number("FAKECAM_FPS", 30);
    frame_bytes = width * height * 2;
    slot_bytes = (frame_bytes + 4095u) & ~4095u;
    frames_fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
    struct stat info;
    if (frames_fd < 0 || fstat(frames_fd, &info) || info.st_size < frame_bytes) {
        fprintf(stderr, "fakecam: %s holds no whole frame\n", file);
        errno = EIO;
        return -1;
    }
    frames_in_file = (unsigned)(info.st_size / frame_bytes);
    memory_fd = memfd_create("fakecam", 0);
    if (memory_fd < 0 || ftruncate(memory_fd, (off_t)BUFFERS * slot_bytes)) return -1;
    memory = mmap(NULL, (size_t)BUFFERS * slot_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
    return memory == MAP_FAILED ? -1 : 0;
}

static int open_camera(void) {
    if (!present()) { errno = ENODEV; return -1; }
    if (camera_fd >= 0) { errno = EBUSY; return -1; }
    if (configure()) return -1;
    if (unplugged) { unplugged = 0; delivered = 0; unsetenv("FAKECAM_UNPLUG_AFTER"); }
    queue_head = queue_length = 0;
    return camera_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

/* First tick after so many ms, the others at the camera's rate; never for -1. */
static void set_timer(long first_ms) {
    long period = 1000000000L / fps, first = first_ms ? first_ms * 1000000L : period;
    struct itimerspec spec = {{period / 1000000000L, period % 1000000000L}, {first / 1000000000L, first % 1000000000L}};
    if (first_ms < 0) memset(&spec, 0, sizeof spec);
    timerfd_settime(camera_fd, 0, &spec, NULL);
}

static int dequeue(struct v4l2_buffer *buffer) {
    long unplug = env_number("FAKECAM_UNPLUG_AFTER", -1), stall = env_number("FAKECAM_STALL_AFTER", -1);
    if (unplug >= 0 && delivered >= (unsigned)unplug) {
        if (!unplugged) { unplugged = 1; clock_gettime(CLOCK_MONOTONIC, &unplugged_at); }
        errno = ENODEV;
        return -1;
    }
    if (stall >= 0 && delivered >= (unsigned)stall) {  /* the device becomes readable again only after the stall */
        long stall_ms = env_number("FAKECAM_STALL_MS", 0);
        set_timer(stall_ms ? stall_ms : 1000000000L);
        unsetenv("FAKECAM_STALL_AFTER");
        errno = EAGAIN;
        return -1;
    }
    uint64_t ticks;
    if (!queue_length || read(camera_fd, &ticks, sizeof ticks) != sizeof ticks) { errno = EAGAIN; return -1; }
    int slot = queue[queue_head];
    queue_head = (queue_head + 1) % BUFFERS;
    queue_length--;
    sequence += (unsigned)ticks;  /* a consumer that is too slow loses frames, as with a real camera */
    delivered++;
    off_t at = (off_t)(sequence % frames_in_file) * frame_bytes;
    if (pread(frames_fd, memory + (size_t)slot * slot_bytes, frame_bytes, at) != (ssize_t)frame_bytes) { errno = EIO; return -1; }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long wrong_after = env_number("FAKECAM_STAMP_AFTER", -1);
    if (wrong_after >= 0 && delivered > (unsigned)wrong_after) now.tv_sec += env_number("FAKECAM_STAMP_MS", 0) / 1000;
    buffer->index = slot;
    buffer->bytesused = frame_bytes;
    buffer->length = frame_bytes;
    buffer->field = V4L2_FIELD_NONE;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    buffer->sequence = sequence;
    buffer->m.offset = (unsigned)slot * slot_bytes;
    return 0;
}

static int answer(unsigned long request, void *argument) {
    switch (request & 0xffffffff) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = argument;
        memset(c, 0, sizeof *c);
        strcpy((char *)c->driver, "fakecam");
        strcpy((char *)c->card, "Fake Webcam");
        strcpy((char *)c->bus_info, "preload");
        c->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        c->capabilities = c->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *f = argument;
        if (f->index) break;
        f->flags = 0;
        f->pixelformat = V4L2_PIX_FMT_YUYV;
        strcpy((char *)f->description, "YUYV");
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *f = argument;
        if (f->index) break;
        f->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        f->discrete.width = width;
        f->discrete.height = height;
        return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *f = argument;
        if (f->index) break;
        f->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        f->discrete.numerator = 1;
        f->discrete.denominator = fps;
        return 0;
    }
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT: {
        struct v4l2_format *f = argument;
        f->fmt.pix.width = width;
        f->fmt.pix.height = height;
        f->fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
        f->fmt.pix.field = V4L2_FIELD_NONE;
        f->fmt.pix.bytesperline = width * 2;
        f->fmt.pix.sizeimage = frame_bytes;
        f->fmt.pix.colorspace = V4L2_COLORSPACE_SRGB;
        return 0;
    }
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *p = argument;
        p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        p->parm.capture.timeperframe.numerator = 1;
        p->parm.capture.timeperframe.denominator = fps;
        return 0;
    }
    case VIDIOC_G_INPUT: *(int *)argument = 0; return 0;
    case VIDIOC_S_INPUT: return 0;
    case VIDIOC_ENUMINPUT: {
        struct v4l2_input *i = argument;
        if (i->index) break;
        strcpy((char *)i->name, "fakecam");
        i->type = V4L2_INPUT_TYPE_CAMERA;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *b = argument;
        if (b->memory != V4L2_MEMORY_MMAP) break;
        if (b->count > BUFFERS) b->count = BUFFERS;
        buffer_count = b->count;
        queue_head = queue_length = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = argument;
        if (b->index >= BUFFERS) break;
        b->length = frame_bytes;
        b->m.offset = b->index * slot_bytes;
        b->flags = 0;
        return 0;
    }
    case VIDIOC_QBUF:
        queue[(queue_head + queue_length++) % BUFFERS] = ((struct v4l2_buffer *)argument)->index;
        return 0;
    case VIDIOC_STREAMON: set_timer(0); return 0;
    case VIDIOC_STREAMOFF: set_timer(-1); queue_length = 0; return 0;
    case VIDIOC_DQBUF: return dequeue(argument);
    }
    errno = EINVAL;
    return -1;
}

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest);
    return is_camera(path) ? open_camera() : real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest);
    return is_camera(path) ? open_camera() : real(path, flags, mode);
}
int stat(const char *restrict path, struct stat *restrict info) {
    REAL(stat);
    if (!is_camera(path)) return real(path, info);
    if (!present()) { errno = ENOENT; return -1; }
    memset(info, 0, sizeof *info);
    info->st_mode = S_IFCHR | 0666;
    info->st_rdev = 81 << 8;
    return 0;
}
int access(const char *path, int mode) {
    REAL(access);
    if (!is_camera(path)) return real(path, mode);
    if (!present()) { errno = ENOENT; return -1; }
    return 0;
}
int close(int fd) {
    REAL(close);
    if (fd >= 0 && fd == camera_fd) camera_fd = -1;
    return real(fd);
}
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    REAL(mmap);
    if (fd >= 0 && fd == camera_fd) return real(address, length, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, offset);
    return real(address, length, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
    REAL(mmap64);
    if (fd >= 0 && fd == camera_fd) return real(address, length, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, offset);
    return real(address, length, protection, flags, fd, offset);
}
int ioctl(int fd, unsigned long request, ...) {
    REAL(ioctl);
    va_list rest; va_start(rest, request); void *argument = va_arg(rest, void *); va_end(rest);
    return fd >= 0 && fd == camera_fd ? answer(request, argument) : real(fd, request, argument);
}
