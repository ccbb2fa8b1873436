// A program with operators of its own for new and delete only: every other form must lead to these.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

static long live = 0, made = 0;

void *operator new(std::size_t bytes) {
    live++, made++;
    auto *block = static_cast<std::size_t *>(std::malloc(bytes + 32));
    if (!block) throw std::bad_alloc();
    block[0] = 0xC0FFEE;
    return block + 4;
}

void operator delete(void *block) noexcept {
    if (!block) return;
    live--;
    auto *own = static_cast<std::size_t *>(block) - 4;
    if (own[0] != 0xC0FFEE) std::abort();
    std::free(own);
}

int main() {
    {
        std::vector<std::string> words;
        for (int i = 0; i < 1000; i++) words.push_back(std::string(i, 'w'));
        auto *array = new std::string[50];
        delete[] array;
        auto *quiet = new (std::nothrow) int[100];
        delete[] quiet;
        ::operator delete(::operator new(40), std::size_t(40));
        ::operator delete[](::operator new[](40), std::size_t(40));
        ::operator delete[](::operator new[](40, std::nothrow), std::nothrow);
    }
    std::printf("%ld live, hundreds made: %d\n", live, made > 900);
    return 0;
}
