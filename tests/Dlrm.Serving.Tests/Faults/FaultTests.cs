using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Dlrm.Serving.Tests.Faults;

/// <summary>Clients that do not behave; after each of them the server answers others as before.</summary>
public sealed class FaultTests(ServedCensus census) : IClassFixture<ServedCensus>
{
    private const string Head = "POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n";

    [Fact]
    public async Task A_connection_closed_in_the_middle_of_a_body_harms_nobody()
    {
        for (int round = 0; round < 20; round++)
        {
            using Socket client = await ConnectAsync();
            await client.SendAsync(Encoding.ASCII.GetBytes(Head[..^2] + (round % 2 == 0 ? "" : "Expect: 100-continue\r\n") + "\r\n{"), TestServer.Stop);
            if (round % 3 == 0)
            {
                client.LingerState = new LingerOption(true, 0); // a reset
            }
        }

        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_client_that_closes_its_half_of_the_connection_counts_as_gone()
    {
        // Kestrel takes the end of input for the end of the connection, whether the request is whole or not.
        using Socket client = await ConnectAsync();
        await client.SendAsync(Encoding.ASCII.GetBytes(Head + "{}"), TestServer.Stop);
        client.Shutdown(SocketShutdown.Send);
        string answer = await ReadAsync(client);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal), answer);
        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_client_that_stops_sending_too_early_gets_an_error()
    {
        using Socket client = await ConnectAsync();
        await client.SendAsync(Encoding.ASCII.GetBytes(Head + "{"), TestServer.Stop);
        client.Shutdown(SocketShutdown.Send);
        string answer = await ReadAsync(client);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 400", StringComparison.Ordinal), answer);
        await StillAnswersAsync();
    }

    [Theory]
    [InlineData("GET / HTTP/9.9\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    [InlineData("POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n")]
    [InlineData("POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}")]
    [InlineData("POST /v1/score HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    public async Task What_is_no_request_is_refused(string text)
    {
        using Socket client = await ConnectAsync();
        await client.SendAsync(Encoding.Latin1.GetBytes(text), TestServer.Stop);
        client.Shutdown(SocketShutdown.Send);
        string answer = await ReadAsync(client);
        Assert.DoesNotContain("200 OK", answer, StringComparison.Ordinal);
        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_ends_with_an_error()
    {
        await using TestServer server = await TestServer.StartAsync(census.Model, new ServerOptions { SlowBodyGrace = TimeSpan.FromSeconds(1.1) });
        using Socket client = await ConnectAsync(server);
        await client.SendAsync(Encoding.ASCII.GetBytes("POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n["), TestServer.Stop);
        Assert.StartsWith("HTTP/1.1 408", await ReadAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hundreds_of_connections_that_say_nothing_leave_room_for_others()
    {
        var idle = new List<Socket>();
        try
        {
            for (int connection = 0; connection < 400; connection++)
            {
                idle.Add(await ConnectAsync());
            }

            await StillAnswersAsync();
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }

        await StillAnswersAsync();
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_and_room_returns()
    {
        await using TestServer server = await TestServer.StartAsync(census.Model, new ServerOptions { MaxConnections = 2 });
        Socket[] idle = [await ConnectAsync(server), await ConnectAsync(server)];
        foreach (Socket client in idle)
        {
            await client.SendAsync("GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), TestServer.Stop);
            Assert.NotEqual(0, await client.ReceiveAsync(new byte[16], TestServer.Stop));
        }

        using (Socket third = await ConnectAsync(server))
        {
            Assert.Equal("", await ReadAsync(third));
        }

        Array.ForEach(idle, client => client.Dispose());
        HttpStatusCode? status = null;
        while (status is null)
        {
            try
            {
                status = (await server.PostAsync("/v1/score", "{}")).Status;
            }
            catch (HttpRequestException)
            {
                await Task.Yield(); // the server has not seen yet that the others have gone
            }
        }

        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Fact]
    public async Task Requests_under_way_are_answered_before_the_server_ends()
    {
        TestServer server = await TestServer.StartAsync(census.Model, options: new ServingOptions { BatchDelay = TimeSpan.FromMilliseconds(400) });
        Task<(HttpStatusCode Status, System.Text.Json.JsonElement)> request = server.PostAsync("/v1/score", SampleModel.RowsArray);
        while (server.Catalog.Models[0].Current!.Queue.Rows == 0)
        {
            await Task.Yield();
        }

        Task ending = server.StopAsync();
        Assert.False(server.Readiness.IsReady);
        Assert.Equal(HttpStatusCode.OK, (await request).Status);
        await ending;
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_bounded_soak_leaks_nothing()
    {
        await using TestServer server = await TestServer.StartAsync(census.Model);
        await SoakAsync(server, 200);
        long before = Managed();
        int leases = server.Catalog.Models[0].Current!.Leases;
        await SoakAsync(server, 1500);
        Assert.Equal(leases, server.Catalog.Models[0].Current!.Leases);
        Assert.InRange(Managed() - before, long.MinValue, 2 << 20);

        static long Managed() => GC.GetTotalMemory(forceFullCollection: true);
    }

    private static async Task SoakAsync(TestServer server, int requests)
    {
        string[] bodies = [.. SampleModel.Rows, SampleModel.RowsArray, "[", """{"age": "x"}""", "[]"];
        for (int request = 0; request < requests; request++)
        {
            (string Name, string Value)[] headers = request % 13 == 0 ? [("Request-Timeout-Ms", "1")] : [];
            await server.PostAsync(request % 5 == 0 ? "/v1/explain" : "/v1/score", bodies[request % bodies.Length], headers);
        }
    }

    private Task<Socket> ConnectAsync() => ConnectAsync(census.Server);

    private static async Task<Socket> ConnectAsync(TestServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Port, TestServer.Stop);
        return socket;
    }

    private static async Task<string> ReadAsync(Socket client)
    {
        var text = new StringBuilder();
        byte[] piece = new byte[4096];
        try
        {
            int read;
            while ((read = await client.ReceiveAsync(piece, TestServer.Stop)) > 0)
            {
                text.Append(Encoding.Latin1.GetString(piece, 0, read));
            }
        }
        catch (SocketException)
        {
            // Reset: nothing more comes.
        }

        return text.ToString();
    }

    private async Task StillAnswersAsync() =>
        Assert.Equal(HttpStatusCode.OK, (await census.Server.PostAsync("/v1/score", "{}")).Status);
}
