#include "native/engine/filter.h"

#include <cstdint>

namespace ka::engine {

namespace {

constexpr std::uint32_t kAcceptAll = 0xffffffffU;
constexpr std::uint32_t kShortest = 8;  // a VRRP header
constexpr std::uint32_t kShortestIpv4 = 20 + kShortest;
constexpr std::uint32_t kVridOffset = 1;
constexpr std::size_t kWords = 8;  // of 32 bits

class Builder {
 public:
  void statement(int code, std::uint32_t k) { emit(code, k, 0, 0); }
  void jump(int code, std::uint32_t k, std::size_t if_true, std::size_t if_false) {
    emit(code, k, static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false));
  }
  [[nodiscard]] const FilterProgram& program() const { return program_; }

 private:
  void emit(int code, std::uint32_t k, std::uint8_t if_true, std::uint8_t if_false) {
    program_.code[program_.size++] = {static_cast<std::uint16_t>(code), if_true, if_false, k};
  }
  FilterProgram program_;
};

std::uint32_t word_of(const VridSet& vrids, std::size_t word) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    if (vrids.test(word * 32 + i)) bits |= std::uint32_t{1} << i;
  }
  return bits;
}

}  // namespace

FilterProgram vrid_filter(Family family, const VridSet& vrids) {
  const bool is_v4 = family == Family::kIpv4;
  Builder b;
  b.statement(BPF_LD | BPF_W | BPF_LEN, 0);
  b.jump(BPF_JMP | BPF_JGE | BPF_K, is_v4 ? kShortestIpv4 : kShortest, 1, 0);
  b.statement(BPF_RET | BPF_K, kAcceptAll);
  if (is_v4) {
    b.statement(BPF_LDX | BPF_B | BPF_MSH, 0);  // X = 4 * IHL
    b.statement(BPF_LD | BPF_B | BPF_IND, kVridOffset);
  } else {
    b.statement(BPF_LD | BPF_B | BPF_ABS, kVridOffset);
  }
  // M[0] = 1 << (vrid % 32), A = vrid / 32
  b.statement(BPF_ST, 1);
  b.statement(BPF_ALU | BPF_AND | BPF_K, 31);
  b.statement(BPF_MISC | BPF_TAX, 0);
  b.statement(BPF_LD | BPF_IMM, 1);
  b.statement(BPF_ALU | BPF_LSH | BPF_X, 0);
  b.statement(BPF_ST, 0);
  b.statement(BPF_LD | BPF_MEM, 1);
  b.statement(BPF_ALU | BPF_RSH | BPF_K, 5);
  // One comparison a word; the tests that follow are two instructions each, then refuse and accept.
  for (std::size_t word = 0; word < kWords; ++word) {
    const std::size_t comparisons_left = kWords - 1 - word;
    const bool is_last = comparisons_left == 0;
    const std::size_t refuse = comparisons_left + 2 * kWords;
    b.jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(word), comparisons_left + 2 * word,
           is_last ? refuse : 0);
  }
  for (std::size_t word = 0; word < kWords; ++word) {
    const std::size_t behind = 2 * (kWords - 1 - word);
    b.statement(BPF_LD | BPF_MEM, 0);
    b.jump(BPF_JMP | BPF_JSET | BPF_K, word_of(vrids, word), behind + 1, behind);
  }
  b.statement(BPF_RET | BPF_K, 0);
  b.statement(BPF_RET | BPF_K, kAcceptAll);
  return b.program();
}

}  // namespace ka::engine
