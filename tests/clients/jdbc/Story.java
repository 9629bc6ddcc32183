import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** What a tool asks a JDBC driver for; prints a line for each row it gets, members apart by |. */
public class Story {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.put("User", "test");
    properties.put("Password", "test");
    properties.put("S3OutputLocation", "s3://jdbc/results/");
    properties.put("LogLevel", "0");
    try (Connection connection = DriverManager.getConnection(arguments[0], properties)) {
      tables(connection);
      metadata(connection.getMetaData());
      values(connection);
      errors(connection);
    }
  }

  private static void tables(Connection connection) throws SQLException {
    run(connection, "CREATE DATABASE shop");
    run(
        connection,
        "CREATE EXTERNAL TABLE shop.orders (id int COMMENT 'the number', note string, "
            + "price decimal(10,2), tags array<string>) PARTITIONED BY (day date) "
            + "STORED AS PARQUET LOCATION 's3://jdbc/orders/'");
    run(connection, "CREATE VIEW shop.dear AS SELECT id, price FROM shop.orders WHERE price > 1");
    run(
        connection,
        "INSERT INTO shop.orders VALUES (1, 'a', 2.50, ARRAY['x', 'y'], DATE '2024-02-29')");
  }

  private static void run(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  private static void metadata(DatabaseMetaData about) throws SQLException {
    print("catalog", about.getCatalogs(), "TABLE_CAT");
    print("schema", about.getSchemas(), "TABLE_SCHEM", "TABLE_CATALOG");
    print("type", about.getTableTypes(), "TABLE_TYPE");
    print(
        "table",
        about.getTables("AwsDataCatalog", "shop", "%", null),
        "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE");
    print(
        "column",
        about.getColumns("AwsDataCatalog", "shop", "%", "%"),
        "TABLE_NAME", "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "REMARKS",
        "ORDINAL_POSITION");
    print("key", about.getPrimaryKeys("AwsDataCatalog", "shop", "orders"), "COLUMN_NAME");
  }

  private static void values(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      ResultSet rows = statement.executeQuery("SELECT * FROM shop.orders");
      ResultSetMetaData columns = rows.getMetaData();
      List<String> names = new ArrayList<>();
      for (int at = 1; at <= columns.getColumnCount(); at++) {
        names.add(columns.getColumnLabel(at));
        String type = columns.getColumnTypeName(at);
        System.out.println("result|" + names.get(at - 1) + "|" + type);
      }
      print("row", rows, names.toArray(new String[0]));
      rows = statement.executeQuery("SELECT x FROM UNNEST(sequence(1, 2500)) AS t (x)");
      long count = 0;
      long sum = 0;
      while (rows.next()) {
        count++;
        sum += rows.getLong(1);
      }
      System.out.println("pages|" + count + "|" + sum);
    }
  }

  private static void errors(Connection connection) {
    try {
      run(connection, "SELECT nothing FROM shop.orders");
      System.out.println("error|none");
    } catch (SQLException error) {
      System.out.println("error|" + error.getMessage().replaceAll("\\[Execution ID.*", ""));
    }
  }

  private static void print(String kind, ResultSet rows, String... columns) throws SQLException {
    while (rows.next()) {
      StringBuilder line = new StringBuilder(kind);
      for (String column : columns) {
        line.append('|').append(rows.getString(column));
      }
      System.out.println(line);
    }
  }
}
