using System.Text.Json;

namespace Dlrm.Serving.Models;

/// <summary>A first look at raw rows in JSON.</summary>
internal static class JsonRows
{
    /// <summary>Counts the rows of a text.</summary>
    /// <param name="json">A JSON object, or an array of 1 or more.</param>
    /// <param name="most">More are refused.</param>
    /// <param name="isArray">Which of the two it is.</param>
    /// <exception cref="RequestException">Another JSON value, an empty array, or too many rows.</exception>
    /// <exception cref="JsonException">No JSON.</exception>
    public static int Count(ReadOnlySpan<byte> json, int most, out bool isArray)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        isArray = reader.TokenType == JsonTokenType.StartArray;
        if (!isArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw RequestException.Bad("Expected a JSON object of raw values by name, or an array of such objects.");
            }

            reader.Skip();
            RequireEnd(ref reader);
            return 1;
        }

        int rows = CountElements(ref reader);
        RequireEnd(ref reader);
        return rows == 0 ? throw RequestException.Bad("The array holds no rows.") : Bounded(rows, most);
    }

    /// <summary>Elements of the array that a reader stands before the first of; afterwards it stands at its end.</summary>
    public static int CountElements(ref Utf8JsonReader reader)
    {
        int count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            reader.Skip();
            count++;
        }

        return count;
    }

    /// <summary>Refuses more rows than a request may have.</summary>
    public static int Bounded(long rows, int most) => rows <= most
        ? (int)rows
        : throw RequestException.Bad($"The request has {rows} rows; {most} are the most (--max-rows): send several requests.");

    private static void RequireEnd(ref Utf8JsonReader reader)
    {
        // Reading on throws where something follows the value.
        if (reader.Read())
        {
            throw RequestException.Bad("Something follows the JSON value.");
        }
    }
}
