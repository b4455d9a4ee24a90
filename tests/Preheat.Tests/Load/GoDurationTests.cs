using FsCheck;
using FsCheck.Fluent;
using Preheat.Load;

namespace Preheat.Tests.Load;

public class GoDurationTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1, "1ns")]
    [InlineData(999, "999ns")]
    [InlineData(1_100, "1.1µs")]
    [InlineData(687_744, "687.744µs")]
    [InlineData(2_200_000, "2.2ms")]
    [InlineData(1_000_000_000, "1s")]
    [InlineData(3_300_000_000, "3.3s")]
    [InlineData(245_000_000_000, "4m5s")]
    [InlineData(245_001_000_000, "4m5.001s")]
    [InlineData(18_367_001_000_000, "5h6m7.001s")]
    [InlineData(3_600_000_000_000, "1h0m0s")]
    [InlineData(480_000_000_001, "8m0.000000001s")]
    [InlineData(-1_500_000_000, "-1.5s")]
    [InlineData(long.MaxValue, "2562047h47m16.854775807s")]
    [InlineData(long.MinValue, "-2562047h47m16.854775808s")]
    public void Formats_as_Go_documents(long nanoseconds, string text) => GoDuration.Format(nanoseconds).ShouldBe(text);

    [Theory]
    [InlineData(608_000_123_456, "10m8s")]
    [InlineData(599_900_000_000, "10m0s")]
    [InlineData(7_951_234_567, "7.951s")]
    [InlineData(30_000_600_000, "30.001s")]
    [InlineData(687_744, "687.744µs")]
    [InlineData(12_345_678, "12.346ms")]
    [InlineData(3_630_000_000_000, "1h1m0s")]
    [InlineData(3_629_000_000_000, "1h0m0s")]
    [InlineData(999, "999ns")]
    [InlineData(999_999_999, "1s")]
    [InlineData(0, "0s")]
    [InlineData(-5, "-5ns")]
    public void Rounds_as_vegeta_does(long nanoseconds, string text) => GoDuration.FormatRounded(nanoseconds).ShouldBe(text);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1.2.3s")]
    [InlineData("1 s")]
    [InlineData("1d")]
    [InlineData("3000000h")]
    public void Refuses_what_is_no_duration(string text) => GoDuration.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Reads_what_it_writes() => Prop.ForAll(
        ArbMap.Default.ArbFor<long>(),
        value =>
        {
            var nanoseconds = Math.Abs(value % (long.MaxValue / 2));
            return GoDuration.TryParse(GoDuration.Format(nanoseconds), out var back) && back == nanoseconds;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Reads_large_values_to_the_nanosecond() => Prop.ForAll(
        ArbMap.Default.ArbFor<long>(),
        value =>
        {
            var nanoseconds = Math.Abs(value % 1_000_003) * 9_000_000_000_007;
            return GoDuration.TryParse(GoDuration.Format(nanoseconds), out var back) && back == nanoseconds;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rounding_changes_a_value_by_at_most_half_of_the_unit_below_its_own() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        ArbMap.Default.ArbFor<byte>(),
        (value, scale) =>
        {
            var nanoseconds = Math.Abs((long)value) * (long)Math.Pow(10, scale % 12);
            long[] units = [3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1];
            var own = Array.FindIndex(units, unit => nanoseconds >= unit);
            var below = own < 0 ? 1 : units[Math.Min(own + 1, units.Length - 1)];
            GoDuration.TryParse(GoDuration.FormatRounded(nanoseconds), out var shown).ShouldBeTrue();
            (shown % below).ShouldBe(0);
            Math.Abs(shown - nanoseconds).ShouldBeLessThanOrEqualTo(below / 2);
        }).QuickCheckThrowOnFailure();
}
