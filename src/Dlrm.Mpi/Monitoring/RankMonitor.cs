using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Dlrm.Mpi.Native;

namespace Dlrm.Mpi.Monitoring;

/// <summary>Finds ranks that died, were stopped or cannot be reached, and says which: MPI itself only waits.</summary>
/// <remarks>
/// Every rank keeps a TCP connection to rank 0, over which both sides say every half second that they are alive and how
/// many operations they have begun. A connection that ends without a goodbye is a process that ended; one over which
/// nothing comes for <see cref="Silence"/> is a process that was stopped, or a network that was cut. A thread of its own
/// does this, so a rank that computes for minutes is alive. A rank that finds itself to have slept (the whole job was
/// stopped and goes on) begins to count anew.
/// </remarks>
public sealed class RankMonitor : IDisposable
{
    /// <summary>So long nothing comes from a rank before it is given up.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>A silent process of this host that is not stopped only lacks processor time: it gets longer.</summary>
    private static readonly TimeSpan LongSilence = 6 * Silence;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BeatEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A tick that takes so long means that this process did not run.</summary>
    private static readonly TimeSpan Slept = TimeSpan.FromSeconds(1.5);

    private readonly MpiCommunicator _communicator;
    private readonly Action<RankFailure> _failed;
    private readonly Socket? _listener;
    private readonly string _token;
    private readonly List<Peer> _peers = [];
    private readonly Lock _lock = new(); // over _peers
    private readonly int _launcher;
    private readonly Thread _thread;
    private volatile bool _stop;
    private bool _reported;

    private RankMonitor(MpiCommunicator communicator, Action<RankFailure> failed, Socket? listener, string token, Peer? hub)
    {
        (_communicator, _failed, _listener, _token) = (communicator, failed, listener, token);
        if (hub is not null)
        {
            _peers.Add(hub);
        }

        _launcher = LauncherProcess.OnHost(communicator.Host);
        _thread = new Thread(Run, maxStackSize: 512 * 1024) { IsBackground = true, Name = "dlrm rank monitor" };
    }

    /// <summary>Ranks that could not connect to rank 0: they are watched by time limits alone. The same on every rank.</summary>
    public IReadOnlyList<int> Unwatched { get; private set; } = [];

    /// <summary>Connects the ranks. Every rank calls it.</summary>
    /// <param name="communicator">The job.</param>
    /// <param name="failed">Told of the first failure, on the monitor's thread; ends the process.</param>
    public static RankMonitor Start(MpiCommunicator communicator, Action<RankFailure> failed)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        RankMonitor monitor;
        if (communicator.Rank == 0)
        {
            Socket listener = Meeting.Listen();
            Meeting place = Meeting.At(listener, communicator.Host);
            monitor = new RankMonitor(communicator, failed, listener, place.Token, null);
            monitor._thread.Start(); // answers while the others connect
            place.Tell(communicator);
        }
        else
        {
            Meeting place = Meeting.Hear(communicator);
            Peer? hub = place.Connect(communicator);
            monitor = new RankMonitor(communicator, failed, null, place.Token, hub);
            if (hub is not null)
            {
                monitor._thread.Start();
            }
        }

        byte[] connected = new byte[communicator.Size];
        communicator.AllGather(
            [(byte)(communicator.Rank == 0 || monitor._peers.Count > 0 ? 1 : 0)],
            Enumerable.Repeat(1, communicator.Size).ToArray(),
            connected);
        monitor.Unwatched = [.. Enumerable.Range(0, connected.Length).Where(rank => connected[rank] == 0)];
        communicator.Explain = monitor.Explain;
        return monitor;
    }

    /// <summary>Tells rank 0 that this rank ends because of an error, so that the failure has a name there.</summary>
    /// <param name="cause">What went wrong.</param>
    public void Tell(string cause)
    {
        lock (_lock)
        {
            _reported = true;
            foreach (Peer peer in _peers)
            {
                peer.Send(new Frame(FrameKind.Failed, _communicator.Rank, 0, cause));
            }
        }
    }

    /// <summary>Ends in order: says goodbye.</summary>
    public void Dispose()
    {
        _stop = true;
        if (_thread.IsAlive && Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }

        lock (_lock)
        {
            foreach (Peer peer in _peers)
            {
                peer.Send(new Frame(FrameKind.Goodbye, _communicator.Rank, 0));
                peer.Dispose();
            }
        }

        _listener?.Dispose();
    }

    private void Run()
    {
        long last = Stopwatch.GetTimestamp();
        long beat = 0;
        while (!_stop)
        {
            long now = Stopwatch.GetTimestamp();
            RankFailure? failure;
            lock (_lock)
            {
                if (Stopwatch.GetElapsedTime(last, now) > Slept)
                {
                    _peers.ForEach(peer => peer.Heard = now);
                }

                Accept();
                failure = _peers.Select(Listen).FirstOrDefault(found => found is not null);
                if (Stopwatch.GetElapsedTime(beat, now) > BeatEvery)
                {
                    beat = now;
                    Beat();
                }
            }

            last = now;
            if (failure is null && _launcher > 0 && SystemCalls.Signal(_launcher, 0) != 0)
            {
                failure = new RankFailure(_communicator.Rank, _communicator.Host, $"The launcher (process {_launcher}) is gone; the job ends.", false);
            }

            if (failure is not null && !_reported)
            {
                _reported = true;
                Report(failure);
            }

            Thread.Sleep(Tick);
        }
    }

    /// <summary>Rank 0 reports. When it is rank 0 that failed, the lowest rank left does; the others give it time.</summary>
    private void Report(RankFailure failure)
    {
        if (_communicator.Rank > 1)
        {
            Thread.Sleep(Slept);
        }

        _failed(failure);
    }

    private void Accept()
    {
        while (_listener is not null && _listener.Poll(0, SelectMode.SelectRead))
        {
            Socket socket = _listener.Accept();
            socket.NoDelay = true;
            socket.SendTimeout = (int)Tick.TotalMilliseconds;
            _peers.Add(new Peer(socket));
        }
    }

    private void Beat()
    {
        long least = _communicator.OperationsBegun;
        int slowest = _communicator.Rank;
        if (_listener is not null)
        {
            foreach (Peer peer in _peers.Where(peer => peer.Rank >= 0 && !peer.HasLeft && peer.Operations < least))
            {
                (least, slowest) = (peer.Operations, peer.Rank);
            }
        }

        foreach (Peer peer in _peers.Where(peer => !peer.HasLeft && !peer.IsClosed))
        {
            peer.Send(new Frame(FrameKind.Beat, slowest, least));
        }
    }

    /// <summary>Takes what has come from a rank.</summary>
    /// <returns>Its failure, or null.</returns>
    private RankFailure? Listen(Peer peer)
    {
        try
        {
            while (peer.TryTake(out Frame frame))
            {
                switch (frame.Kind)
                {
                    case FrameKind.Hello when frame.Text.Split('\n') is [var token, var host] && token == _token:
                        (peer.Rank, peer.Process, peer.Host) = (frame.Rank, (int)frame.Number, host);
                        break;
                    case FrameKind.Beat:
                        (peer.Operations, peer.Slowest) = (frame.Number, frame.Rank);
                        break;
                    case FrameKind.Failed when peer.Rank >= 0:
                        return new RankFailure(frame.Rank, peer.Host, $"Rank {frame.Rank} on {peer.Host}: {frame.Text}", true);
                    case FrameKind.Goodbye:
                        peer.HasLeft = true;
                        break;
                }
            }
        }
        catch (InvalidDataException)
        {
            peer.HasLeft = true; // a stranger: a port scanner, say
            return null;
        }

        return peer.HasLeft || peer.Rank < 0 ? null : Judge(peer);
    }

    private RankFailure? Judge(Peer peer)
    {
        string who = string.Create(CultureInfo.InvariantCulture, $"Rank {peer.Rank} on {peer.Host} (process {peer.Process})");
        if (peer.IsClosed)
        {
            return new RankFailure(
                peer.Rank, peer.Host, $"{who} is gone without a word: killed, or ended by the system for want of memory (its kernel's log says so).", false);
        }

        TimeSpan silent = Stopwatch.GetElapsedTime(peer.Heard);
        if (silent < Silence)
        {
            return null;
        }

        char state = peer.Host == _communicator.Host ? LauncherProcess.State(peer.Process) : '?';
        if (state is 'R' or 'S' or 'D' && silent < LongSilence)
        {
            return null;
        }

        string why = state is 'T' or 't' ? "it was stopped (SIGSTOP)" : "it was stopped, its machine hangs, or the network between is cut";
        return new RankFailure(
            peer.Rank, peer.Host, string.Create(CultureInfo.InvariantCulture, $"{who} has not answered for {silent.TotalSeconds:0} s: {why}."), false);
    }

    /// <summary>What is known about ranks whose messages are missing.</summary>
    private string Explain(IReadOnlyList<int> ranks)
    {
        lock (_lock)
        {
            string[] known =
            [
                .. _peers.Where(peer => peer.Rank > 0 ? ranks.Contains(peer.Rank) : peer.Slowest != _communicator.Rank).Select(peer => string.Create(
                    CultureInfo.InvariantCulture,
                    $"Rank {(peer.Rank == 0 ? peer.Slowest : peer.Rank)} is alive and has begun {peer.Operations} operations, this one {_communicator.OperationsBegun}.")),
            ];
            return string.Join(' ', known);
        }
    }
}
