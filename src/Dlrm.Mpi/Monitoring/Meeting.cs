using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Dlrm.Mpi.Monitoring;

/// <summary>Where rank 0 waits for the monitors of the others. Told by MPI.</summary>
/// <param name="Token">A secret of the job, which callers show.</param>
/// <param name="Host">Rank 0's host.</param>
/// <param name="Process">Rank 0's process.</param>
/// <param name="Port">Its port.</param>
/// <param name="Addresses">Its addresses, likely ones first.</param>
internal sealed record Meeting(string Token, string Host, int Process, int Port, IReadOnlyList<string> Addresses)
{
    /// <summary>Bytes of the message that tells it.</summary>
    private const int Room = 2048;

    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(3);

    /// <summary>Opens a port that the system chooses, on every address.</summary>
    public static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, 0));
        listener.Listen(4096);
        return listener;
    }

    /// <summary>The meeting at an open port.</summary>
    public static Meeting At(Socket listener, string host) => new(
        Convert.ToHexString(RandomNumberGenerator.GetBytes(16)),
        host,
        Environment.ProcessId,
        ((IPEndPoint)listener.LocalEndPoint!).Port,
        [
            .. NetworkInterface.GetAllNetworkInterfaces()
                .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                .SelectMany(card => card.GetIPProperties().UnicastAddresses)
                .Select(address => address.Address)
                .Where(address => address.AddressFamily == AddressFamily.InterNetwork)
                .Select(address => address.ToString())
                .Take(32),
        ]);

    /// <summary>Rank 0 tells it.</summary>
    public void Tell(MpiCommunicator communicator)
    {
        string[] lines = [Token, Host, Number(Process), Number(Port), .. Addresses];
        byte[] bytes = new byte[Room];
        Encoding.UTF8.GetBytes(string.Join('\n', lines)).CopyTo(bytes.AsSpan());
        communicator.Broadcast(bytes, 0);
    }

    /// <summary>The others hear it.</summary>
    public static Meeting Hear(MpiCommunicator communicator)
    {
        byte[] bytes = new byte[Room];
        communicator.Broadcast(bytes, 0);
        string[] lines = Encoding.UTF8.GetString(bytes).TrimEnd('\0').Split('\n');
        return new Meeting(lines[0], lines[1], Number(lines[2]), Number(lines[3]), lines[4..]);
    }

    /// <summary>Calls rank 0 on each of its addresses until one answers.</summary>
    /// <returns>The connection; null when none answers.</returns>
    public Peer? Connect(MpiCommunicator communicator)
    {
        IEnumerable<string> addresses = Host == communicator.Host ? Addresses.Prepend(IPAddress.Loopback.ToString()) : Addresses;
        foreach (string address in addresses)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                using var limit = new CancellationTokenSource(ConnectTime);
                socket.ConnectAsync(IPAddress.Parse(address), Port, limit.Token).AsTask().GetAwaiter().GetResult();
                socket.SendTimeout = 1000;
                var peer = new Peer(socket) { Rank = 0, Host = Host, Process = Process };
                peer.Send(new Frame(FrameKind.Hello, communicator.Rank, Environment.ProcessId, $"{Token}\n{communicator.Host}"));
                return peer;
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
