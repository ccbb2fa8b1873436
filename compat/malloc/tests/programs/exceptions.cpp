// Threads, exceptions, containers, thread_local objects, aligned new, and a new-handler that helps or throws.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct alignas(128) Wide {
    char bytes[256];
};

struct Local {
    std::vector<std::string> words;
    ~Local() {
        words.push_back(std::string(3000, 'x'));
        words.clear();
        words.shrink_to_fit();
    }
};
thread_local Local local;

static std::map<int, std::string> before_main{{1, std::string(100, 'b')}};
static std::atomic<long> total{0};

static long depth(int level) {
    std::string text(level * 17 + 1, 'a');
    auto wide = std::make_unique<Wide>();
    if (reinterpret_cast<std::uintptr_t>(wide.get()) % alignof(Wide)) std::abort();
    if (level == 0) throw std::runtime_error(text + " bottom");
    return depth(level - 1) + static_cast<long>(text.size());
}

static void work(int seed) {
    std::map<int, std::vector<int>> map;
    for (int i = 0; i < 300; i++) {
        map[(i * seed) % 97].push_back(i);
        local.words.push_back(std::to_string(i));
        try {
            total += depth(i % 20);
        } catch (const std::exception &error) {
            total += static_cast<long>(std::string(error.what()).size());
        }
    }
    for (auto &entry : map) total += static_cast<long>(entry.second.size());
}

static volatile std::size_t huge = SIZE_MAX / 2 - 100;
static int asked = 0;

static void helps_twice() {
    if (++asked == 3) std::set_new_handler(nullptr);
}
static void throws() { throw std::runtime_error("the handler's own"); }

template <typename Ask> static void refused(const char *what, Ask ask) {
    try {
        ask();
        std::printf("%s: given\n", what);
    } catch (const std::bad_alloc &) {
        std::printf("%s: bad_alloc\n", what);
    } catch (const std::exception &error) {
        std::printf("%s: %s\n", what, error.what());
    }
}

int main() {
    std::vector<std::thread> threads;
    for (int i = 1; i <= 4; i++) threads.emplace_back(work, i);
    for (auto &thread : threads) thread.join();
    std::printf("total %ld, %zu\n", total.load(), before_main[1].size());

    refused("new", [] { ::operator delete(::operator new(huge)); });
    refused("new[]", [] { ::operator delete[](::operator new[](huge)); });
    refused("aligned new", [] { ::operator delete(::operator new(huge, std::align_val_t(64)), std::align_val_t(64)); });
    refused("aligned new[]", [] { ::operator delete[](::operator new[](huge, std::align_val_t(64)), std::align_val_t(64)); });
    std::printf("nothrow new: %p\n", ::operator new(huge, std::nothrow));
    std::printf("nothrow new[]: %p\n", ::operator new[](huge, std::nothrow));
    std::printf("aligned nothrow new: %p\n", ::operator new(huge, std::align_val_t(64), std::nothrow));
    std::set_new_handler(helps_twice);
    refused("new with a handler that helps", [] { ::operator delete(::operator new(huge)); });
    std::printf("the handler was asked %d times\n", asked);
    std::set_new_handler(throws);
    refused("new with a handler that throws", [] { ::operator delete(::operator new(huge)); });
    refused("aligned new with a handler that throws",
            [] { ::operator delete(::operator new(huge, std::align_val_t(64)), std::align_val_t(64)); });
    std::set_new_handler(nullptr);

    for (std::size_t bytes = 0; bytes < 200000; bytes = bytes * 2 + 1) {
        ::operator delete(::operator new(bytes), bytes);
        ::operator delete[](::operator new[](bytes), bytes);
        ::operator delete(::operator new(bytes, std::align_val_t(256)), bytes, std::align_val_t(256));
        ::operator delete[](::operator new[](bytes, std::align_val_t(256)), bytes, std::align_val_t(256));
        ::operator delete(::operator new(bytes, std::nothrow), std::nothrow);
        ::operator delete[](::operator new[](bytes, std::nothrow), std::nothrow);
    }
    std::puts("all forms of delete");
    return 0;
}
