using Dlrm.Memory;
using Xunit;

namespace Dlrm.Tests.Memory;

public sealed unsafe class NativeBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(3 << 20)]
    public void A_buffer_is_zeroed_and_aligned_to_a_cache_line(int length)
    {
        using var buffer = new NativeBuffer<float>(length);
        Assert.Equal(0, (long)buffer.Data % SystemMemory.Alignment);
        Assert.Equal(-1, buffer.Span.IndexOfAnyExcept(0f));
        Assert.Equal(length * 4L, buffer.Bytes);
    }

    [Fact]
    public void Elements_and_slices_outside_are_refused()
    {
        using var buffer = new NativeBuffer<int>(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer[10]);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer[-1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(5, 6).Length);
        Assert.Equal(0, buffer.Slice(10, 0).Length);
    }

    [Fact]
    public void A_disposed_buffer_gives_no_spans_and_may_be_disposed_again()
    {
        var buffer = new NativeBuffer<int>(10);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
    }

    [Fact]
    public void A_view_takes_rows_and_columns_out_of_its_buffer()
    {
        using var buffer = new NativeBuffer<float>(12);
        for (int index = 0; index < 12; index++)
        {
            buffer[index] = index;
        }

        MatrixView matrix = MatrixView.Over(buffer, 3, 4);
        Assert.Equal([5f, 6f], matrix.ColumnRange(1, 2).Row(1).ToArray());
        Assert.Equal(2, matrix.Top(2).Rows);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.ColumnRange(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Row(3).Length);
        Assert.Throws<ArgumentException>(() => MatrixView.Over(buffer, 4, 4));
    }

    [Theory]
    [InlineData(1000, "1000 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(3L << 30, "3.00 GiB")]
    public void Sizes_are_described_in_the_unit_a_person_reads(long bytes, string text) =>
        Assert.Equal(text, SystemMemory.Describe(bytes));
}
