/// @file
/// Threads. The one place that knows Eigen's thread pool; a parallel loop gives the same result on any number of
/// threads because its body writes to outputs that belong to its own indices alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include <unsupported/Eigen/CXX11/ThreadPool>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"

namespace deconvviz {
namespace detail {

/// The process-wide pool: made at the first parallel loop, replaced when the number of threads is set.
class Threads {
  public:
    static Threads& instance() {
        static Threads threads;
        return threads;
    }

    int count() const { return count_.load(std::memory_order_relaxed); }

    void set(int count) {
        const std::lock_guard lock(mutex_);
        count_ = count;
        pool_.reset();  // loops that are running hold it until they end
    }

    /// The caller works too, so the pool has one thread less.
    std::shared_ptr<Eigen::ThreadPool> pool() {
        const std::lock_guard lock(mutex_);
        if (!pool_ && count_ > 1) pool_ = std::make_shared<Eigen::ThreadPool>(count_ - 1);
        return pool_;
    }

    /// True inside the body of a parallel loop: loops within run serially.
    static bool& inside() {
        thread_local bool flag = false;
        return flag;
    }

  private:
    std::mutex mutex_;
    std::shared_ptr<Eigen::ThreadPool> pool_;
    std::atomic<int> count_{static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))};
};

/// The body of a loop, whatever its type: kept small, so that each loop of the library compiles to a call.
struct LoopBody {
    void* body;
    void (*call)(void* body, Index begin, Index end);

    void operator()(Index begin, Index end) const { call(body, begin, end); }
};

/// One parallel loop under way: chunks are handed out in order; the first exception stops the rest.
class ParallelLoop {
  public:
    ParallelLoop(Index count, Index grain, const LoopBody& body) : count_(count), grain_(grain), body_(body) {}

    void work() {
        bool& inside = Threads::inside();
        inside = true;
        try {
            for (Index begin; (begin = next_.fetch_add(grain_)) < count_;)
                body_(begin, std::min(begin + grain_, count_));
        } catch (...) {
            next_ = count_;
            const std::lock_guard lock(mutex_);
            if (!error_) error_ = std::current_exception();
        }
        inside = false;
    }

    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

  private:
    std::atomic<Index> next_{0};
    Index count_;
    Index grain_;
    LoopBody body_;
    std::mutex mutex_;
    std::exception_ptr error_;
};

inline void run_loop(Index count, Index grain, const LoopBody& body) {
    if (count <= 0) return;
    grain = std::max<Index>(grain, 1);
    const Index chunks = (count + grain - 1) / grain;
    Threads& shared = Threads::instance();
    if (chunks == 1 || shared.count() == 1 || Threads::inside()) {
        for (Index begin = 0; begin < count; begin += grain) body(begin, std::min(begin + grain, count));
        return;
    }
    const auto pool = shared.pool();
    ParallelLoop loop(count, grain, body);
    const auto helpers = static_cast<unsigned>(std::min<Index>(pool ? pool->NumThreads() : 0, chunks - 1));
    Eigen::Barrier done(helpers);
    for (unsigned i = 0; i < helpers; ++i) {
        pool->Schedule([&loop, &done] {
            loop.work();
            done.Notify();
        });
    }
    loop.work();
    done.Wait();
    loop.rethrow();
}

}  // namespace detail

/// The number of threads that parallel loops use; at the start, as many as the machine has processors.
inline int threads() {
    return detail::Threads::instance().count();
}

/// Sets it for the whole process. Results do not depend on it. Throws OptionError for less than one.
inline void set_threads(int count) {
    if (count < 1) detail::raise<OptionError>("set_threads: expected at least one thread, got ", count);
    detail::Threads::instance().set(count);
}

/// Calls `body(begin, end)` for chunks of `grain` indices (the last may be shorter) that together cover 0 … count - 1,
/// on all threads, and returns when all are done. The first exception of a body is thrown again here.
/// Called inside another parallel loop, it runs serially.
template <class Body>
void parallel_for(Index count, Index grain, const Body& body) {
    // The pointer loses its const on the way, not the body: it is called as what it is.
    detail::run_loop(count, grain,
                     {const_cast<void*>(static_cast<const void*>(&body)),
                      [](void* erased, Index begin, Index end) { (*static_cast<const Body*>(erased))(begin, end); }});
}

}  // namespace deconvviz
