using Dlrm.Mpi.Monitoring;
using Xunit;

namespace Dlrm.Mpi.Tests;

public sealed class FrameTests
{
    [Fact]
    public void Frames_come_back_from_pieces_of_any_size()
    {
        Frame[] sent = [new(FrameKind.Hello, 3, 4711, "token\nhost"), new(FrameKind.Beat, 1, long.MaxValue), new(FrameKind.Failed, 2, 0, "größer")];
        byte[] bytes = [.. sent.SelectMany(frame => frame.ToBytes())];
        byte[] buffer = new byte[8192];
        int length = 0;
        var came = new List<Frame>();
        foreach (byte value in bytes)
        {
            buffer[length++] = value;
            while (Frame.TryTake(buffer, ref length, out Frame frame))
            {
                came.Add(frame);
            }
        }

        Assert.Equal(sent, came);
        Assert.Equal(0, length);
    }

    [Fact]
    public void Strangers_are_told_from_ranks()
    {
        byte[] buffer = [.. "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8, .. new byte[64]];
        int length = 28;
        Assert.Throws<InvalidDataException>(() => Frame.TryTake(buffer, ref length, out _));
    }
}
