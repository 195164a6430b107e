using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dlrm.Distributed;

namespace Dlrm.Mpi;

/// <summary>Finds at the start what ranks would disagree about later: program, options, data, plan.</summary>
/// <remarks>
/// First the ranks compare one hash of everything. Only when these differ do they exchange the facts themselves, so that
/// the message can name them.
/// </remarks>
public static class RankAgreement
{
    /// <summary>Differences that a message names.</summary>
    private const int Named = 6;

    /// <summary>Compares facts among all ranks. Every rank calls it, and all throw or none.</summary>
    /// <param name="communicator">The job.</param>
    /// <param name="facts">What must be equal: a name, and the value or a hash of it.</param>
    /// <exception cref="RankDisagreementException">They differ; the message names ranks, hosts, facts and values.</exception>
    public static void Check(ICommunicator communicator, IReadOnlyList<(string Name, string Value)> facts)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        var mine = new RankFacts(communicator.Host, facts.ToDictionary(fact => fact.Name, fact => fact.Value));
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(mine.Facts, RankFactsJson.Default.DictionaryStringString);
        byte[] hash = SHA256.HashData(text);
        byte[] hashes = Gather(communicator, hash, [.. Enumerable.Repeat(hash.Length, communicator.Size)]);
        if (Enumerable.Range(1, communicator.Size - 1).All(
            rank => hashes.AsSpan(rank * hash.Length, hash.Length).SequenceEqual(hashes.AsSpan(0, hash.Length))))
        {
            return;
        }

        throw new RankDisagreementException(Describe(Exchange(communicator, mine)));
    }

    /// <summary>The message about facts that differ: each rank beside rank 0.</summary>
    /// <param name="ranks">The facts of every rank.</param>
    internal static string Describe(IReadOnlyList<RankFacts> ranks)
    {
        var text = new StringBuilder("The ranks do not agree. ");
        RankFacts first = ranks[0];
        int named = 0;
        foreach (string name in ranks.SelectMany(rank => rank.Facts.Keys).Distinct())
        {
            string here = first.Facts.GetValueOrDefault(name, "not there");
            foreach (IGrouping<string, int> others in Enumerable.Range(1, ranks.Count - 1)
                .GroupBy(rank => ranks[rank].Facts.GetValueOrDefault(name, "not there"))
                .Where(group => group.Key != here && named++ < Named))
            {
                int[] members = [.. others];
                text.Append($"{name} is {here} on rank 0 ({first.Host}) but {others.Key} on {Words.Ranks(members)} ({ranks[members[0]].Host}). ");
            }
        }

        return text.Append("Give every rank the same program, options and files.").ToString();
    }

    private static List<RankFacts> Exchange(ICommunicator communicator, RankFacts mine)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(mine, RankFactsJson.Default.RankFacts);
        byte[] sizes = Gather(communicator, BitConverter.GetBytes(bytes.Length), [.. Enumerable.Repeat(sizeof(int), communicator.Size)]);
        int[] lengths = [.. Enumerable.Range(0, communicator.Size).Select(rank => BitConverter.ToInt32(sizes, rank * sizeof(int)))];
        byte[] all = Gather(communicator, bytes, lengths);
        var ranks = new List<RankFacts>();
        int offset = 0;
        foreach (int length in lengths)
        {
            ranks.Add(JsonSerializer.Deserialize(all.AsSpan(offset, length), RankFactsJson.Default.RankFacts)!);
            offset += length;
        }

        return ranks;
    }

    private static byte[] Gather(ICommunicator communicator, byte[] mine, int[] lengths)
    {
        byte[] all = new byte[lengths.Sum()];
        communicator.AllGather(mine, lengths, all);
        return all;
    }
}

/// <summary>Ranks of one job were given different programs, options or files. Thrown by all of them, with one message.</summary>
/// <param name="message">Which ranks, on which hosts, and what differs.</param>
public sealed class RankDisagreementException(string message) : Exception(message);

/// <summary>What one rank holds to be true of the job.</summary>
/// <param name="Host">Its host.</param>
/// <param name="Facts">By name.</param>
internal sealed record RankFacts(string Host, Dictionary<string, string> Facts);

/// <summary>Facts as JSON.</summary>
[JsonSerializable(typeof(RankFacts))]
internal sealed partial class RankFactsJson : JsonSerializerContext;
