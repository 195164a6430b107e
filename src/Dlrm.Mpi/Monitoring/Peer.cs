using System.Diagnostics;
using System.Net.Sockets;

namespace Dlrm.Mpi.Monitoring;

/// <summary>The monitor's connection to another rank, and what is known of it.</summary>
/// <param name="socket">Connected.</param>
internal sealed class Peer(Socket socket) : IDisposable
{
    private readonly byte[] _bytes = new byte[8192];
    private int _length;

    /// <summary>Which rank; −1 before it has said so.</summary>
    public int Rank { get; set; } = -1;

    /// <summary>Where it runs.</summary>
    public string Host { get; set; } = "";

    /// <summary>Its process.</summary>
    public int Process { get; set; }

    /// <summary>Operations it has begun (of rank 0's peer: those of the rank that has begun the fewest).</summary>
    public long Operations { get; set; }

    /// <summary>Of rank 0: which rank has begun the fewest operations.</summary>
    public int Slowest { get; set; }

    /// <summary>True when it ended in order.</summary>
    public bool HasLeft { get; set; }

    /// <summary>When something last came (<see cref="Stopwatch"/> ticks).</summary>
    public long Heard { get; set; } = Stopwatch.GetTimestamp();

    /// <summary>True when the other end closed the connection: after what it sent has been taken.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Takes the next frame that has come, without waiting.</summary>
    public bool TryTake(out Frame frame)
    {
        if (!Frame.TryTake(_bytes, ref _length, out frame))
        {
            Read();
            return Frame.TryTake(_bytes, ref _length, out frame);
        }

        return true;
    }

    /// <summary>Sends a frame; a connection that cannot take it is closed.</summary>
    public void Send(in Frame frame)
    {
        try
        {
            socket.Send(frame.ToBytes());
        }
        catch (SocketException)
        {
            // What it sent before is still read; then the end of the connection is noticed.
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => socket.Dispose();

    private void Read()
    {
        try
        {
            if (!IsClosed && _length < _bytes.Length && socket.Poll(0, SelectMode.SelectRead))
            {
                int came = socket.Receive(_bytes, _length, _bytes.Length - _length, SocketFlags.None);
                IsClosed = came == 0;
                _length += came;
                if (came > 0)
                {
                    Heard = Stopwatch.GetTimestamp();
                }
            }
        }
        catch (SocketException)
        {
            IsClosed = true;
        }
    }
}
